-- SPDX-License-Identifier: BSD-2-Clause
-- What must be so in a trace of `dormouse run --trace`, for trace_processor. Each row of the result is a mistake.

CREATE PERFETTO TABLE trace_slices AS
SELECT slice.*, thread.name AS track, slice.ts + slice.dur AS until, parent.name AS parent
FROM slice
LEFT JOIN thread_track ON thread_track.id = slice.track_id
LEFT JOIN thread USING (utid)
LEFT JOIN slice AS parent ON parent.id = slice.parent_id;

-- What trace_processor itself finds wrong: lines that it cannot read, slices that overlap, data that it drops.
SELECT 'import: ' || name || ' ' || value AS mistake
FROM stats
WHERE severity IN ('error', 'data_loss') AND value > 0

UNION ALL
SELECT 'processes: ' || count(*)
FROM process WHERE name IS NOT NULL
HAVING count(*) != 1 OR max(name) NOT GLOB 'dormouse ?*'

UNION ALL
SELECT 'no thread is called VM'
WHERE NOT EXISTS (SELECT 1 FROM thread WHERE name = 'VM')

UNION ALL
SELECT 'a thread is called ' || coalesce(name, 'nothing')
FROM thread
WHERE tid != 0 AND (name IS NULL OR (name != 'VM' AND name NOT GLOB 'vCPU [0-9]*'))

-- vCPU 0 to the last one, each of them once.
UNION ALL
SELECT 'vCPUs: ' || count(*) || ', the last one is ' || coalesce(max(substr(name, 6) + 0), 'none')
FROM thread WHERE name GLOB 'vCPU *'
HAVING count(*) = 0 OR count(*) != max(substr(name, 6) + 1) OR count(DISTINCT name) != count(*)

UNION ALL
SELECT 'a slice without a track: ' || name
FROM trace_slices WHERE track IS NULL

UNION ALL
SELECT 'a slice without an end: ' || track || ', ' || name
FROM trace_slices WHERE dur < 0

-- States lie beside each other. Only stays of a vCPU in an idle state lie in a state, that is `on`.
UNION ALL
SELECT 'overlap: ' || track || ', ' || before || ' until ' || past || ', ' || name || ' from ' || ts
FROM (
    SELECT track, name, ts,
        lag(name) OVER beside AS before,
        lag(until) OVER beside AS past
    FROM trace_slices WHERE depth = 0 AND dur > 0
    WINDOW beside AS (PARTITION BY track_id ORDER BY ts)
)
WHERE ts < past

UNION ALL
SELECT 'a slice in another one: ' || track || ', ' || name || ' in ' || coalesce(parent, 'none')
FROM trace_slices
WHERE dur > 0 AND depth > 0 AND NOT (track GLOB 'vCPU *' AND depth = 1 AND parent = 'on')

UNION ALL
SELECT 'the VM has the state ' || name
FROM trace_slices
WHERE track = 'VM' AND dur > 0 AND name NOT IN ('running', 'asleep', 'paused', 'off')

UNION ALL
SELECT 'a counter is called ' || name
FROM process_counter_track
WHERE name NOT GLOB '?*, bytes/s ?*'

UNION ALL
SELECT 'a counter is below 0: ' || process_counter_track.name || ' ' || value
FROM counter JOIN process_counter_track ON process_counter_track.id = track_id
WHERE value < 0

-- Each counter has samples, and no sample is of anything else.
UNION ALL
SELECT 'counters: ' || count(DISTINCT track_id) || ' with samples, of '
    || (SELECT count(*) FROM process_counter_track)
FROM counter
HAVING count(DISTINCT track_id) != (SELECT count(*) FROM process_counter_track);
