//! Counters, and their text in the format that Prometheus reads.

use std::fmt::Write;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// Upper ends of the buckets of durations, in seconds.
const BUCKETS: [f64; 12] =
    [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0];
const METHODS: [&str; 7] =
    ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "other"];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

#[derive(Debug, Default)]
struct Durations {
    buckets: [AtomicU64; BUCKETS.len() + 1],
    sum_us: AtomicU64,
}

/// What the server counts.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    requests: [[AtomicU64; CLASSES.len()]; METHODS.len()],
    durations: [Durations; METHODS.len()],
    pub(crate) connections: Gauge,
    pub(crate) requests_now: Gauge,
    pub(crate) uploads_now: Gauge,
    pub(crate) received: AtomicU64,
    pub(crate) sent: AtomicU64,
    pub(crate) denied: AtomicU64,
    pub(crate) accepted: AtomicU64,
}

/// A number that goes up and down.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicI64);

/// One more, until it is dropped.
#[derive(Debug)]
pub(crate) struct Held<'a>(&'a Gauge);

impl Gauge {
    pub(crate) fn hold(&self) -> Held<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Held(self)
    }

    fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// Counts an answered request.
    pub(crate) fn count(&self, method: &str, status: u16, took: Duration) {
        let other = METHODS.len() - 1;
        let row = METHODS.iter().position(|m| *m == method).unwrap_or(other);
        let class = usize::from(status / 100).saturating_sub(1);
        let counter = self.requests.get(row).and_then(|r| r.get(class));
        if let Some(counter) = counter {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        let Some(durations) = self.durations.get(row) else { return };
        let seconds = took.as_secs_f64();
        let bucket = BUCKETS.iter().position(|end| seconds <= *end);
        let bucket = bucket.unwrap_or(BUCKETS.len());
        if let Some(bucket) = durations.buckets.get(bucket) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        durations.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    /// Returns all of it as text.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "# TYPE thoth_requests_total counter")?;
        for (method, row) in METHODS.iter().zip(&self.requests) {
            for (class, counter) in CLASSES.iter().zip(row) {
                let count = counter.load(Ordering::Relaxed);
                if count > 0 {
                    writeln!(
                        out,
                        "thoth_requests_total{{method=\"{method}\",\
                         status=\"{class}\"}} {count}"
                    )?;
                }
            }
        }
        writeln!(out, "# TYPE thoth_request_seconds histogram")?;
        for (method, durations) in METHODS.iter().zip(&self.durations) {
            write_durations(out, method, durations)?;
        }
        for (name, kind, value) in self.plain() {
            writeln!(out, "# TYPE {name} {kind}\n{name} {value}")?;
        }
        Ok(())
    }

    fn plain(&self) -> [(&'static str, &'static str, i64); 7] {
        let count = |counter: &AtomicU64| {
            i64::try_from(counter.load(Ordering::Relaxed)).unwrap_or(i64::MAX)
        };
        let (gauge, counter) = ("gauge", "counter");
        [
            ("thoth_connections", gauge, self.connections.get()),
            ("thoth_requests_now", gauge, self.requests_now.get()),
            ("thoth_uploads_now", gauge, self.uploads_now.get()),
            ("thoth_connections_total", counter, count(&self.accepted)),
            ("thoth_received_bytes_total", counter, count(&self.received)),
            ("thoth_sent_bytes_total", counter, count(&self.sent)),
            ("thoth_denied_total", counter, count(&self.denied)),
        ]
    }
}

fn write_durations(
    out: &mut String,
    method: &str,
    durations: &Durations,
) -> std::fmt::Result {
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let all: u64 = durations.buckets.iter().map(count).sum();
    if all == 0 {
        return Ok(());
    }
    let name = "thoth_request_seconds";
    let mut below = 0;
    for (end, bucket) in BUCKETS.iter().zip(&durations.buckets) {
        below += count(bucket);
        writeln!(
            out,
            "{name}_bucket{{method=\"{method}\",le=\"{end}\"}} {below}"
        )?;
    }
    writeln!(out, "{name}_bucket{{method=\"{method}\",le=\"+Inf\"}} {all}")?;
    let sum = count(&durations.sum_us) as f64 / 1e6;
    writeln!(out, "{name}_sum{{method=\"{method}\"}} {sum}")?;
    writeln!(out, "{name}_count{{method=\"{method}\"}} {all}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_told() {
        let metrics = Metrics::default();
        metrics.count("GET", 200, Duration::from_millis(2));
        metrics.count("GET", 404, Duration::from_secs(1000));
        metrics.count("BREW", 418, Duration::ZERO);
        let held = metrics.connections.hold();
        let text = metrics.text();
        for line in [
            "thoth_requests_total{method=\"GET\",status=\"2xx\"} 1",
            "thoth_requests_total{method=\"other\",status=\"4xx\"} 1",
            "thoth_request_seconds_bucket{method=\"GET\",le=\"0.003\"} 1",
            "thoth_request_seconds_bucket{method=\"GET\",le=\"+Inf\"} 2",
            "thoth_request_seconds_count{method=\"GET\"} 2",
            "thoth_connections 1",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
        }
        drop(held);
        assert!(metrics.text().contains("\nthoth_connections 0\n"));
    }
}
