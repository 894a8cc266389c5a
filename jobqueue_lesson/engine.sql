-- What the course keeps beside Procrastinate's own tables, and each move as one function, so that it is one transaction.
-- Procrastinate keeps the job: its status, its priority, when it is due, how many attempts it has had, its events.

CREATE TABLE jobqueue_schema (version integer NOT NULL);

CREATE TABLE jobqueue_jobs (
    job_id bigint PRIMARY KEY REFERENCES procrastinate_jobs ON DELETE CASCADE,
    queue text NOT NULL,
    data json NOT NULL,                       -- json, not jsonb: it comes back exactly as it went in
    max_attempts integer NOT NULL,
    key text,                                 -- the idempotency key
    retry json NOT NULL,                      -- the retry policy
    created_at timestamptz NOT NULL DEFAULT now(),
    spent integer NOT NULL DEFAULT 0,         -- attempts before the job was last revived: they no longer count
    result json,
    progress double precision,
    note text NOT NULL DEFAULT '',
    UNIQUE (queue, key)
);

CREATE TABLE jobqueue_attempts (
    job_id bigint NOT NULL REFERENCES jobqueue_jobs ON DELETE CASCADE,
    turn integer NOT NULL,                    -- the engine's count at the claim, of attempts and revivals: never the same twice
    number integer NOT NULL,                  -- 1 for the first
    worker text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    error_type text,
    error text,
    retry_in double precision,                -- seconds
    PRIMARY KEY (job_id, turn)
);

CREATE TABLE jobqueue_workers (
    worker_id bigint PRIMARY KEY REFERENCES procrastinate_workers ON DELETE CASCADE,
    queue text NOT NULL,
    name text NOT NULL,
    lease double precision NOT NULL           -- seconds
);

CREATE TABLE jobqueue_discarded (queue text PRIMARY KEY, jobs bigint NOT NULL);

-- What schedulers remember.
CREATE TABLE jobqueue_memory (queue text, name text, value json NOT NULL, PRIMARY KEY (queue, name));

-- --- the producer's half ---

CREATE FUNCTION jobqueue_enqueue(
    _queue text, _type text, _data json, _priority integer, _delay double precision, _max_attempts integer, _key text,
    _retry json
) RETURNS TABLE (id bigint, made boolean, at double precision) LANGUAGE plpgsql AS $$
BEGIN
    IF _key IS NOT NULL THEN
        -- Producers with the same key take turns, so that the second one sees what the first one did.
        PERFORM pg_advisory_xact_lock(hashtextextended(_queue || ' ' || _key, 0));
        RETURN QUERY SELECT job_id, false, extract(epoch FROM created_at)::double precision
            FROM jobqueue_jobs WHERE queue = _queue AND key = _key;
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    id := (procrastinate_defer_jobs_v1(ARRAY[(
        _queue, _type, _priority, NULL, NULL, '{}', CASE WHEN _delay > 0 THEN now() + make_interval(secs => _delay) END
    )::procrastinate_job_to_defer_v1]))[1];
    INSERT INTO jobqueue_jobs (job_id, queue, data, max_attempts, key, retry)
        VALUES (id, _queue, _data, _max_attempts, _key, _retry);
    RETURN QUERY SELECT id, true, extract(epoch FROM now())::double precision;
END $$;

CREATE FUNCTION jobqueue_revive(_queue text, _id bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    _status procrastinate_job_status;
BEGIN
    SELECT status INTO _status FROM procrastinate_jobs
        WHERE id = _id AND queue_name = _queue AND status IN ('failed', 'cancelled', 'aborted') FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF _status = 'failed' THEN
        PERFORM procrastinate_retry_job_v2(_id, now(), NULL, NULL, NULL);
    ELSE
        UPDATE procrastinate_jobs SET status = 'todo', attempts = attempts + 1, scheduled_at = now(),
            abort_requested = false WHERE id = _id;
    END IF;
    UPDATE jobqueue_jobs SET spent = (SELECT count(*) FROM jobqueue_attempts WHERE job_id = _id) WHERE job_id = _id;
    PERFORM jobqueue_wake(_queue, _id);
    RETURN true;
END $$;

CREATE FUNCTION jobqueue_discard(_queue text, _id bigint, _event json) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM procrastinate_jobs
        WHERE id = _id AND queue_name = _queue AND status IN ('failed', 'cancelled', 'aborted');
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO jobqueue_discarded VALUES (_queue, 1) ON CONFLICT (queue) DO UPDATE SET jobs = jobqueue_discarded.jobs + 1;
    PERFORM pg_notify('jobqueue#' || _queue, _event::text);
    RETURN true;
END $$;

-- --- the worker's half ---

-- Claim the next job. If none is due, return in how many seconds one will be. A worker runs one job at a time: if it has one
-- and asks again, the answer was lost with the server, so it gets that job again.
CREATE FUNCTION jobqueue_claim(_queues text[], _worker_id bigint, _worker text)
RETURNS TABLE (job procrastinate_jobs, data json, max_attempts integer, retry json, number integer, spent integer,
    waited double precision, next_in double precision) LANGUAGE plpgsql AS $$
BEGIN
    SELECT * INTO job FROM procrastinate_jobs WHERE worker_id = _worker_id AND status = 'doing' FOR UPDATE;
    IF job.id IS NULL THEN
        job := procrastinate_fetch_job_v2(_queues, _worker_id);
    END IF;
    IF job.id IS NULL THEN
        SELECT extract(epoch FROM min(scheduled_at) - clock_timestamp()) INTO next_in
            FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = ANY(_queues);
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT own.data, own.max_attempts, own.retry, own.spent,
        1 + (SELECT count(*) FROM jobqueue_attempts WHERE job_id = job.id AND turn < job.attempts)
        INTO data, max_attempts, retry, spent, number FROM jobqueue_jobs AS own WHERE job_id = job.id;
    IF number IS NULL THEN  -- it was enqueued with the engine's own tools, not by the course
        PERFORM procrastinate_finish_job_v1(job.id, 'failed', false);
        next_in := 0;
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT retry_in INTO waited FROM jobqueue_attempts WHERE job_id = job.id AND turn = job.attempts - 1;
    -- This transaction may have started before the one that enqueued the job, and still see the job.
    INSERT INTO jobqueue_attempts (job_id, turn, number, worker, started_at)
        SELECT job_id, job.attempts, number, _worker, greatest(now(), created_at) FROM jobqueue_jobs WHERE job_id = job.id
        ON CONFLICT DO NOTHING;
    RETURN NEXT;
END $$;

-- End an attempt. Without an error, the job is completed; with `_retry_in`, it is retried; otherwise it has failed. False if
-- the attempt no longer has the job: then its report doesn't count.
CREATE FUNCTION jobqueue_end_attempt(
    _id bigint, _turn integer, _result json, _error_type text, _error text, _retry_in double precision
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    _queue text;
BEGIN
    SELECT queue_name INTO _queue FROM procrastinate_jobs
        WHERE id = _id AND status = 'doing' AND attempts = _turn FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE jobqueue_attempts SET finished_at = now(), error_type = _error_type, error = _error, retry_in = _retry_in
        WHERE job_id = _id AND turn = _turn;
    IF _error IS NULL THEN
        UPDATE jobqueue_jobs SET result = _result, progress = CASE WHEN progress IS NOT NULL THEN 1 END WHERE job_id = _id;
        PERFORM procrastinate_finish_job_v1(_id, 'succeeded', false);
    ELSIF _retry_in IS NULL THEN
        PERFORM procrastinate_finish_job_v1(_id, 'failed', false);
    ELSE
        PERFORM procrastinate_retry_job_v2(_id, now() + make_interval(secs => _retry_in), NULL, NULL, NULL);
        PERFORM jobqueue_wake(_queue, _id);
    END IF;
    RETURN true;
END $$;

-- Record a job's progress. False if the attempt no longer has the job.
CREATE FUNCTION jobqueue_progress(_id bigint, _turn integer, _fraction double precision, _note text)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    _queue text;
    _furthest double precision;
    _attempt jobqueue_attempts;
BEGIN
    SELECT queue_name INTO _queue FROM procrastinate_jobs
        WHERE id = _id AND status = 'doing' AND attempts = _turn FOR SHARE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE jobqueue_jobs SET progress = greatest(progress, _fraction), note = _note WHERE job_id = _id
        RETURNING progress INTO _furthest;
    SELECT * INTO _attempt FROM jobqueue_attempts WHERE job_id = _id AND turn = _turn;
    PERFORM pg_notify('jobqueue#' || _queue, json_build_object(
        'job', _id, 'progress', _furthest, 'note', left(_note, 500), 'at', extract(epoch FROM now()),
        'attempt', _attempt.number, 'worker', left(_attempt.worker, 100))::text);
    RETURN true;
END $$;

-- Record a heartbeat. A worker that was considered dead is registered again.
CREATE FUNCTION jobqueue_heartbeat(_worker_id bigint, _queue text, _name text, _lease double precision)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO procrastinate_workers (id) OVERRIDING SYSTEM VALUE VALUES (_worker_id)
        ON CONFLICT (id) DO UPDATE SET last_heartbeat = now();
    INSERT INTO jobqueue_workers VALUES (_worker_id, _queue, _name, _lease) ON CONFLICT DO NOTHING;
END $$;

CREATE FUNCTION jobqueue_register(_queue text, _name text, _lease double precision)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    _worker_id bigint := procrastinate_register_worker_v1();
BEGIN
    PERFORM jobqueue_heartbeat(_worker_id, _queue, _name, _lease);
    RETURN _worker_id;
END $$;

-- The workers that sent no heartbeat before their lease expired. While the server was down, no worker could send one, so
-- every lease starts again when the server does.
CREATE VIEW jobqueue_silent AS
    SELECT id AS worker_id FROM procrastinate_workers JOIN jobqueue_workers ON worker_id = id
    WHERE greatest(last_heartbeat, pg_postmaster_start_time()) < now() - make_interval(secs => lease);

CREATE FUNCTION jobqueue_prune() RETURNS SETOF bigint LANGUAGE sql AS $$
    DELETE FROM procrastinate_workers WHERE id IN (SELECT worker_id FROM jobqueue_silent) RETURNING id
$$;

-- Reclaim the jobs of silent workers: each is retried at once or, if its retries are exhausted, has failed. The worker that
-- calls this is not silent, whatever happened to its heartbeat.
CREATE FUNCTION jobqueue_reclaim(_queue text, _worker_id bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    _lost record;
BEGIN
    FOR _lost IN
        SELECT jobs.id, jobs.attempts, attempt.number - own.spent < own.max_attempts AS again, attempt.worker
            FROM procrastinate_jobs AS jobs
            JOIN jobqueue_jobs AS own ON own.job_id = jobs.id
            JOIN jobqueue_attempts AS attempt ON attempt.job_id = jobs.id AND attempt.turn = jobs.attempts
            WHERE jobs.status = 'doing' AND jobs.queue_name = _queue
                AND jobs.worker_id IS DISTINCT FROM _worker_id
                AND (jobs.worker_id IS NULL OR jobs.worker_id IN (SELECT worker_id FROM jobqueue_silent))
            FOR UPDATE OF jobs SKIP LOCKED
    LOOP
        PERFORM jobqueue_end_attempt(_lost.id, _lost.attempts, NULL, 'LeaseExpired',
            _lost.worker || ' sent no heartbeat before its lease expired', CASE WHEN _lost.again THEN 0 END);
    END LOOP;
END $$;

-- --- notifications ---

-- Procrastinate notifies workers of new jobs only. This notifies them of a job that is pending again.
CREATE FUNCTION jobqueue_wake(_queue text, _id bigint) RETURNS void LANGUAGE sql AS $$
    SELECT pg_notify('procrastinate_queue_v1#' || _queue, json_build_object('type', 'job_inserted', 'job_id', _id)::text)
$$;

-- Notify the listeners of `subscribe` of every event that the engine records.
CREATE FUNCTION jobqueue_tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    _queue text;
BEGIN
    SELECT queue_name INTO _queue FROM procrastinate_jobs WHERE id = NEW.job_id;
    IF octet_length(_queue) <= 40 THEN  -- else it is not the course's queue, and its name is too long for a channel
        PERFORM pg_notify('jobqueue#' || _queue, json_build_object('job', NEW.job_id, 'event', NEW.id)::text);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER jobqueue_tell AFTER INSERT ON procrastinate_events
    FOR EACH ROW WHEN (NEW.type <> 'scheduled') EXECUTE FUNCTION jobqueue_tell();
