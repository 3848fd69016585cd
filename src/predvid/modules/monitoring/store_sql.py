"""The store's questions, the same for the embedded engine and a server; all values are bound parameters.

`scope` holds the ids that the viewer may see, at most a few thousand at a time. Times are ms since the epoch.
"""

SAMPLE_COLUMNS = ("metric", "series", "ts", "value")

LATEST = """
SELECT toString(owner.device), toString(owner.metric), owner.labels,
  max(newest.at), argMax(newest.last, newest.at)
FROM (
  SELECT series, toUnixTimestamp64Milli(max(ts)) AS at, argMax(value, ts) AS last FROM samples
  WHERE metric IN {metrics:Array(String)} AND ts >= fromUnixTimestamp64Milli({since:Int64}) AND series IN (
    SELECT series FROM series FINAL WHERE device IN {scope:Array(UUID)} AND metric IN {metrics:Array(String)})
  GROUP BY series) AS newest
INNER JOIN (
  SELECT series, device, metric, labels FROM series FINAL
  WHERE device IN {scope:Array(UUID)} AND metric IN {metrics:Array(String)}) AS owner
ON newest.series = owner.series
GROUP BY owner.device, owner.metric, owner.labels
ORDER BY owner.device, owner.metric, owner.labels"""

# Curves are grouped by labels, not by series: after a merge of two devices both series are one curve.
_CURVES = """
SELECT toString(device), labels, arraySort(groupArray((at, low, total / n, high)))
FROM (
  SELECT owner.device AS device, owner.labels AS labels, intDiv(point.ms, {step:Int64}) * {step:Int64} AS at,
    min(point.low) AS low, sum(point.total) AS total, sum(point.n) AS n, max(point.high) AS high
  FROM (POINTS) AS point
  INNER JOIN (
    SELECT series, device, labels FROM series FINAL
    WHERE device IN {scope:Array(UUID)} AND metric = {metric:String}) AS owner
  ON point.series = owner.series
  GROUP BY device, labels, at)
GROUP BY device, labels
ORDER BY device, labels
SETTINGS do_not_merge_across_partitions_select_final = 1"""

_RAW = """
    SELECT series, toUnixTimestamp64Milli(ts) AS ms, value AS low, value AS total, value AS high,
      toUInt32(1) AS n
    FROM samples FINAL
    WHERE metric = {metric:String} AND ts < fromUnixTimestamp64Milli({end:Int64})
      AND ts >= greatest(fromUnixTimestamp64Milli({start:Int64}), SINCE) AND series IN (
        SELECT series FROM series FINAL WHERE device IN {scope:Array(UUID)} AND metric = {metric:String})"""

# The newest hour of the roll-ups may still have been running when it was computed: from there on raw is read.
_HOURS = """
    SELECT series, toInt64(toUnixTimestamp(hour)) * 1000 AS ms, min AS low, sum AS total, max AS high, n
    FROM hourly FINAL
    WHERE hour >= toDateTime(intDiv({start:Int64}, 1000), 'UTC')
      AND hour < toDateTime(intDiv({end:Int64} + 999, 1000), 'UTC')
      AND hour < (SELECT max(hour) FROM hourly) AND series IN (
        SELECT series FROM series FINAL WHERE device IN {scope:Array(UUID)} AND metric = {metric:String})"""

_EVER = "toDateTime64(0, 3, 'UTC')"
_NEWEST_HOUR = "(SELECT toDateTime64(max(hour), 3, 'UTC') FROM hourly)"

WINDOW = _CURVES.replace("POINTS", _RAW.replace("SINCE", _EVER))
HOURLY_WINDOW = _CURVES.replace("POINTS", _HOURS + "\n    UNION ALL" + _RAW.replace("SINCE", _NEWEST_HOUR))

SERIES_OF = """
SELECT series, toString(metric), labels FROM series FINAL
WHERE device IN {scope:Array(UUID)} ORDER BY metric, labels, series"""

RECOMPUTE = """
INSERT INTO hourly (series, hour, n, sum, min, max, last, version)
SELECT series, toStartOfHour(ts) AS start, count(), sum(value), min(value), max(value), argMax(value, ts),
  {version:UInt64}
FROM samples FINAL
WHERE ts >= fromUnixTimestamp64Milli({start:Int64}) AND ts < fromUnixTimestamp64Milli({end:Int64})
  AND toUnixTimestamp(toStartOfHour(ts)) IN {hours:Array(UInt32)}
GROUP BY series, start"""

NEWEST_HOUR = "SELECT toUnixTimestamp(max(hour)) FROM hourly"
COUNT_HOURS = "SELECT count() FROM hourly FINAL WHERE toUnixTimestamp(hour) IN {hours:Array(UInt32)}"

SEARCH = """
SELECT id, toString(client), toString(device), toUnixTimestamp64Milli(at), toString(kind), severity,
  toString(said_id), values, actor, target
FROM events FINAL
WHERE client IN {scope:Array(UUID)} AND at >= fromUnixTimestamp64Milli({start:Int64})
  AND at < fromUnixTimestamp64Milli({end:Int64})
  AND (empty({devices:Array(UUID)}) OR has({devices:Array(UUID)}, assumeNotNull(device)))
  AND positionCaseInsensitiveUTF8(
    concatWithSeparator('\\n', kind, said_id, values, actor, target), {text:String}) > 0
ORDER BY at DESC, id DESC LIMIT {limit:UInt32}"""

OLD_DAYS = """
SELECT DISTINCT partition_id FROM system.parts
WHERE database = currentDatabase() AND table = 'samples' AND active AND partition_id < {day:String}"""

DISK = "SELECT sum(bytes_on_disk) FROM system.parts WHERE database = currentDatabase() AND active"
ROWS = (
    "SELECT sum(rows) FROM system.parts WHERE database = currentDatabase() AND table = 'samples' AND active"
)
SINCE = "SELECT count() FROM samples WHERE ts >= fromUnixTimestamp64Milli({since:Int64})"
