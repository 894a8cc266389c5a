"""Answers to the exercises of page 5."""

import bisect
import heapq

RIGHT = {}
WRONG = {}

RIGHT["enqueue"] = [
    lambda heap, job_id, priority: heapq.heappush(heap, (-priority, job_id)),
    lambda heap, job_id, priority: heapq.heappush(heap, (100 - priority, len(heap) * 0 + job_id, job_id)),
]
WRONG["enqueue"] = [
    (lambda heap, job_id, priority: heapq.heappush(heap, (-priority, -job_id)), "come out as"),
    (lambda heap, job_id, priority: heap.append((-priority, job_id)), "come out as"),
    (lambda heap, job_id, priority: heapq.heappush(heap, (job_id, -priority)), "come out as"),
    (lambda heap, job_id, priority: heapq.heappush(heap, -priority), "tuples that end with the job's id"),
    (lambda heap, job_id, priority: heapq.heappush(heap, (1 / priority, job_id)), "ZeroDivisionError"),
    (lambda heap, job_id, priority: (-priority, job_id), "the heap holds 0"),
]


def halves(line, job):
    low, high = 0, len(line)
    while low < high:
        middle = (low + high) // 2
        if job < line[middle]:
            high = middle
        else:
            low = middle + 1
    line.insert(low, job)


def appends_and_sorts(line, job):
    line.append(job)
    line.sort()


def looks_at_each(line, job):
    for place, other in enumerate(line):
        if job < other:
            line.insert(place, job)
            return
    line.append(job)


def makes_a_new_line(line, job):
    line = sorted([*line, job])


RIGHT["insert"] = [lambda line, job: bisect.insort(line, job), halves]
WRONG["insert"] = [
    (appends_and_sorts, "comparisons"),
    (looks_at_each, "comparisons"),
    (makes_a_new_line, "jobs in the line: 0"),
    (lambda line, job: bisect.insort_left(line, job), "two equal jobs have changed places"),
    (lambda line, job: heapq.heappush(line, job), "a line in order"),
    (lambda line, job: line.insert(0, job), "a line in order"),
]

RIGHT["jobs"] = [
    [(0, 0, 1)] + [(0, 1, 1)] * 25,
    [(0, 0, 2), (0, 7, 20)],
    [(0, -1, 0.5)] + [(n, 0, 1) for n in range(25)],
]
WRONG["jobs"] = [
    ([(0, 0, 1), (1, 5, 25)], "the first job waits for 0 s"),
    ([(0, 0, 1)] + [(0, 0, 1)] * 25, "the first job waits for 0 s"),
    ([(0, 10, 1)] + [(0, 1, 1)] * 25, "the first job waits for 0 s"),
    ([(0, 0, 1)] + [(0, 1, 2)] * 25, "51 s of work in all"),
    ([(0, 0, 1), (0, 1, -5)], "takes -5 s"),
    ([], "a list of jobs"),
    ([(0, 1)], "three numbers"),
    ([(5, 0, 1), (0, 0, 25)], "the first job arrives at second 5"),
    ([(0, 0.5, 1)], "a whole number"),
]
