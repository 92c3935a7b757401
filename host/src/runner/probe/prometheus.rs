//! A query of Prometheus, or of what speaks as it does (Thanos, Mimir, VictoriaMetrics): `GET /api/v1/query`.

use std::collections::BTreeMap;

use innkeeper_core::config::MetricProbe;
use serde::Deserialize;
use serde_json::Value as Json;

use super::series::{Value, judge};
use super::web::{Ask, below};
use super::words::quote;
use super::{Room, Verdict};

#[derive(Deserialize)]
struct Answer {
    status: String,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    data: Option<Data>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    result: Json,
}

#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    #[serde(default)]
    value: Option<Point>,
    #[serde(default)]
    values: Vec<Point>,
}

/// A time, and a number as text: `NaN` and `+Inf` are none of JSON's.
#[derive(Deserialize)]
struct Point(#[expect(dead_code, reason = "a point has a time")] f64, String);

/// Asks the query for now, and judges what is answered.
pub(super) async fn look(room: &Room<'_>, probe: &MetricProbe) -> Verdict {
    let mut url = below(&probe.url, &["api", "v1", "query"])?;
    url.query_pairs_mut().append_pair("query", &probe.query);
    // What is wrong with a query is said with the status 400, in JSON.
    let answer = room.web().get(room.grants(), &Ask::json(url)).await?;
    let told: Answer = match answer.json() {
        Ok(told) => told,
        Err(_) if answer.status != 200 => return Err(format!("Prometheus answered {}", answer.status)),
        Err(why) => return Err(format!("Prometheus answered what is none of its answers: {why}")),
    };
    if told.status != "success" {
        let why = told.error.unwrap_or_else(|| "it does not say why".into());
        return Err(format!("Prometheus refused the query: {}", quote(&why)));
    }
    let data = told.data.ok_or("Prometheus answered without data")?;
    let values = values(data).map_err(|why| format!("Prometheus answered what is none of its answers: {why}"))?;
    judge(probe, &values, 0)
}

fn values(data: Data) -> Result<Vec<Value>, String> {
    let bad = |error: serde_json::Error| quote(&error.to_string());
    match data.result_type.as_str() {
        "scalar" => {
            let point: Point = serde_json::from_value(data.result).map_err(bad)?;
            Ok(vec![value("the scalar".into(), &point)?])
        }
        "vector" | "matrix" => {
            let series: Vec<Series> = serde_json::from_value(data.result).map_err(bad)?;
            // Of a range, what is newest.
            let newest = |mut series: Series| {
                let point = series.value.take().or_else(|| series.values.pop())?;
                Some(value(name(&series.metric), &point))
            };
            series.into_iter().filter_map(newest).collect()
        }
        other => Err(format!("a result of the type {}, which has no values", quote(other))),
    }
}

fn value(name: String, point: &Point) -> Result<Value, String> {
    // As Go writes them, which Rust reads: `NaN`, `+Inf`, `-Inf`, `1e-05`.
    let value = point
        .1
        .parse()
        .map_err(|_| format!("`{}` is no number", quote(&point.1)))?;
    Ok(Value { name, value })
}

/// `up{instance="a",job="b"}`, as Prometheus writes it.
fn name(labels: &BTreeMap<String, String>) -> String {
    let metric = labels.get("__name__").map_or("", String::as_str);
    let others = labels.iter().filter(|(name, _)| *name != "__name__");
    let others: Vec<String> = others.map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{metric}{{{}}}", others.join(","))
}
