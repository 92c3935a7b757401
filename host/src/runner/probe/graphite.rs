//! A target of Graphite, or of what speaks as it does: `GET /render?format=json`. Of each series counts what is newest.

use innkeeper_core::config::MetricProbe;
use serde::Deserialize;

use super::series::{Value, judge};
use super::web::{Ask, below};
use super::words::quote;
use super::{Room, Verdict};

/// From when on values count. A series that is silent for longer has none.
const FROM: &str = "-10min";

#[derive(Deserialize)]
struct Series {
    target: String,
    /// Values and times. A value that is missing is null.
    datapoints: Vec<(Option<f64>, f64)>,
}

/// Asks for the target's last minutes, and judges what is answered.
pub(super) async fn look(room: &Room<'_>, probe: &MetricProbe) -> Verdict {
    let mut url = below(&probe.url, &["render"])?;
    url.query_pairs_mut()
        .append_pair("target", &probe.query)
        .append_pair("from", FROM)
        .append_pair("format", "json");
    let answer = room.web().get(room.grants(), &Ask::json(url)).await?;
    if answer.status != 200 {
        let said = answer.text();
        let said = said.lines().map(str::trim).rfind(|line| !line.is_empty());
        let said = said.map(|line| format!(": {}", quote(line))).unwrap_or_default();
        return Err(format!("Graphite answered {}{said}", answer.status));
    }
    let series: Vec<Series> = answer
        .json()
        .map_err(|why| format!("Graphite answered what is none of its answers: {why}"))?;
    let all = series.len();
    let newest = |series: Series| {
        let value = series.datapoints.iter().rev().find_map(|(value, _)| *value)?;
        Some(Value {
            name: series.target,
            value,
        })
    };
    let values: Vec<Value> = series.into_iter().filter_map(newest).collect();
    judge(probe, &values, all - values.len())
}
