//! The page with the figures.

use std::fmt::Write;

/// One line of the table.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) unit: &'static str,
    /// The figure to reach.
    pub(crate) goal: Option<f64>,
    /// The store's figure.
    pub(crate) store: f64,
    /// Peers of the same run.
    pub(crate) peers: Vec<(&'static str, f64)>,
}

/// Writes a figure with thousands set apart.
fn figure(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Returns the whole page.
pub(crate) fn page(rows: &[Row]) -> String {
    let mut page = String::from(
        "# The store: beside bare system calls and SQLite alone\n\n\
         Each figure is the median of some rounds in which the store and its \
         peers took turns\non one file system: absolute figures say more \
         about the machine than about the programs.\nPeers do less: bare \
         system calls keep no names, SQLite alone keeps no digests, versions,\n\
         counters or change log.\n\n\
         | case | unit | goal | store | peers of the same run |\n\
         | --- | --- | ---: | ---: | --- |\n",
    );
    for row in rows {
        let goal = row.goal.map_or(String::new(), |goal| {
            let met = if row.store >= goal { "" } else { " (missed)" };
            format!("{}{met}", figure(goal))
        });
        let peers: Vec<String> = row
            .peers
            .iter()
            .map(|(name, value)| format!("{name} {}", figure(*value)))
            .collect();
        let _ = writeln!(
            page,
            "| {} | {} | {goal} | {} | {} |",
            row.what,
            row.unit,
            figure(row.store),
            peers.join("; "),
        );
    }
    let _ = write!(page, "\n{}\n", machine());
    page
}

/// Says what the figures were taken on.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let cores =
        std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or_default().to_owned();
    format!(
        "Machine: {cores} cores of {model}, Linux {}, load {load} at the end \
         (this run's own included).",
        read("/proc/sys/kernel/osrelease").trim()
    )
}
