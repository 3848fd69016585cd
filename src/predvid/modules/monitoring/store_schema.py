"""The store's tables as forward-only steps: a shipped step is never changed, a new one follows it."""

RAW_DAYS = 90  # retention of samples: the TTL below

DATABASE = "CREATE DATABASE IF NOT EXISTS {name:Identifier}"
STEPS_DONE = "SELECT max(step) FROM schema_steps"
STEP_DONE = "INSERT INTO schema_steps (step) SELECT {step:UInt32}"

STEPS_TABLE = """
CREATE TABLE IF NOT EXISTS schema_steps (step UInt32, at DateTime DEFAULT now())
ENGINE = ReplacingMergeTree ORDER BY step SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"""

# Merging ten parts instead of five at a time rewrites a sample less often: a third less processor time.
_SAMPLES = """
CREATE TABLE IF NOT EXISTS samples (
  metric LowCardinality(String),
  series UInt64 CODEC(Delta, ZSTD(1)),
  ts DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  value Float64 CODEC(Delta(8), ZSTD(1)))
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(ts) ORDER BY (metric, series, ts)
TTL toDateTime(ts) + INTERVAL 90 DAY
SETTINGS ttl_only_drop_parts = 1, merge_selector_base = 10,
  fsync_after_insert = 1, fsync_part_directory = 1"""

_SERIES = """
CREATE TABLE IF NOT EXISTS series (
  series UInt64, device UUID, metric LowCardinality(String), labels String, version UInt64)
ENGINE = ReplacingMergeTree(version) ORDER BY series
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"""

_HOURLY = """
CREATE TABLE IF NOT EXISTS hourly (
  series UInt64 CODEC(Delta, ZSTD(1)),
  hour DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
  n UInt32 CODEC(ZSTD(1)), sum Float64 CODEC(ZSTD(1)), min Float64 CODEC(ZSTD(1)),
  max Float64 CODEC(ZSTD(1)), last Float64 CODEC(ZSTD(1)), version UInt64 CODEC(ZSTD(1)))
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(hour) ORDER BY (series, hour)
TTL hour + INTERVAL 3 YEAR
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1"""

# By year, because one insert may touch at most 100 partitions and an event's time is the device's word.
_EVENTS = """
CREATE TABLE IF NOT EXISTS events (
  id UInt64, client UUID, device Nullable(UUID), at DateTime64(3, 'UTC'), kind LowCardinality(String),
  severity UInt8, said_id LowCardinality(String), values String, actor String, target String)
ENGINE = ReplacingMergeTree
PARTITION BY toYear(at) ORDER BY (client, at, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"""

_TENURE = """
CREATE TABLE IF NOT EXISTS tenure (device UUID, client UUID, since Date, version UInt64)
ENGINE = ReplacingMergeTree(version) ORDER BY (device, since)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"""

STEPS: tuple[tuple[str, ...], ...] = ((_SAMPLES, _SERIES, _HOURLY, _EVENTS, _TENURE),)
