-- A queue's file of schema 1, as the package wrote it then: sqlite3's iterdump, and the two numbers of its header.
PRAGMA application_id = 1785684593;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE counts (pending INTEGER, processing INTEGER, completed INTEGER, failed INTEGER);
INSERT INTO "counts" VALUES(2,1,1,2);
CREATE TABLE events (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL, move TEXT, job_id INTEGER, type TEXT, status TEXT, attempt INTEGER, priority INTEGER,
        scheduled_for REAL, worker TEXT, error TEXT, progress REAL, note TEXT
    );
INSERT INTO "events" VALUES(1,0.0,'enqueue',1,'a','pending',0,0,0.0,NULL,NULL,NULL,'');
INSERT INTO "events" VALUES(2,0.0,'enqueue',2,'a','pending',0,0,0.0,NULL,NULL,NULL,'');
INSERT INTO "events" VALUES(3,0.0,'enqueue',3,'a','pending',0,0,0.0,NULL,NULL,NULL,'');
INSERT INTO "events" VALUES(4,0.0,'enqueue',4,'a','pending',0,0,0.0,NULL,NULL,NULL,'');
INSERT INTO "events" VALUES(5,0.0,'dequeue',1,'a','processing',1,0,0.0,'ann',NULL,NULL,'');
INSERT INTO "events" VALUES(6,0.0,'complete',1,'a','completed',1,0,0.0,'ann',NULL,NULL,'');
INSERT INTO "events" VALUES(7,0.0,'dequeue',2,'a','processing',1,0,0.0,'ann',NULL,NULL,'');
INSERT INTO "events" VALUES(8,0.0,'fail',2,'a','failed',1,0,0.0,'ann','[1, "OSError", "broken", 0.0, null]',NULL,'');
INSERT INTO "events" VALUES(9,0.0,'dequeue',3,'a','processing',1,0,0.0,'ann',NULL,NULL,'');
INSERT INTO "events" VALUES(10,0.0,'fail',3,'a','failed',1,0,0.0,'ann','[1, "OSError", "broken", 0.0, null]',NULL,'');
INSERT INTO "events" VALUES(11,0.0,'discard',3,'a','failed',1,0,0.0,'ann',NULL,NULL,'');
INSERT INTO "events" VALUES(12,0.0,'dequeue',4,'a','processing',1,0,0.0,'ann',NULL,NULL,'');
INSERT INTO "events" VALUES(13,0.0,'progress',4,'a','processing',1,0,0.0,'ann',NULL,0.5,'half-way');
INSERT INTO "events" VALUES(14,0.0,'enqueue',5,'a','pending',0,0,0.0,NULL,NULL,NULL,'');
INSERT INTO "events" VALUES(15,0.0,'enqueue',6,'a','pending',0,0,50.0,NULL,NULL,NULL,'');
CREATE TABLE jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        type TEXT NOT NULL,
        data TEXT NOT NULL,
        priority INTEGER NOT NULL,
        max_attempts INTEGER NOT NULL,
        key TEXT UNIQUE,
        created_at REAL NOT NULL,
        scheduled_for REAL NOT NULL,
        status TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        started_at REAL,
        finished_at REAL,
        worker TEXT,
        result TEXT NOT NULL,
        errors TEXT NOT NULL,
        progress REAL,
        note TEXT NOT NULL,
        ready INTEGER NOT NULL, -- whether it was due when somebody last looked
        lease_until REAL        -- while it is processing
    );
INSERT INTO "jobs" VALUES(1,'a','{"n": 1}',0,3,NULL,0.0,0.0,'completed',1,0.0,0.0,'ann','{"pages": 5}','[]',NULL,'',1,NULL);
INSERT INTO "jobs" VALUES(2,'a','{"n": 2}',0,1,NULL,0.0,0.0,'failed',1,0.0,0.0,'ann','null','[[1, "OSError", "broken", 0.0, null]]',NULL,'',1,NULL);
INSERT INTO "jobs" VALUES(4,'a','{"n": 4}',0,3,NULL,0.0,0.0,'processing',1,0.0,NULL,'ann','null','[]',0.5,'half-way',1,1000.0);
INSERT INTO "jobs" VALUES(5,'a','{"n": 5}',0,3,'five',0.0,0.0,'pending',0,NULL,NULL,NULL,'null','[]',NULL,'',1,NULL);
INSERT INTO "jobs" VALUES(6,'a','{"n": 6}',0,3,NULL,0.0,50.0,'pending',0,NULL,NULL,NULL,'null','[]',NULL,'',0,NULL);
CREATE INDEX next_one ON jobs (priority DESC, scheduled_for, id) WHERE status = 'pending' AND ready;
CREATE INDEX delayed ON jobs (scheduled_for) WHERE status = 'pending' AND NOT ready;
CREATE INDEX leases ON jobs (lease_until) WHERE status = 'processing';
CREATE INDEX dead ON jobs (id) WHERE status = 'failed';
INSERT INTO "sqlite_sequence" VALUES('jobs',6);
INSERT INTO "sqlite_sequence" VALUES('events',15);
COMMIT;
