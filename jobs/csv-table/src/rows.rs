//! Reads rows: of CSV, whatever stands between its values, of JSON lines, or of a JSON array of objects.

use innkeeper_guest::json::{self, Map, Value};
use innkeeper_guest::{Context as _, Result, bail};

/// What the rows were written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Csv,
    JsonLines,
    Json,
}

/// Rows below a head, each as long as it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) kind: Kind,
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// Reads what a job wrote. With `cut` the end of it is missing.
pub(crate) fn read(text: &str, cut: bool) -> Result<Rows> {
    match text.trim_start().chars().next() {
        Some('{') => json_lines(text, cut),
        Some('[') => json_array(text, cut),
        _ => csv(text),
    }
}

fn csv(text: &str) -> Result<Rows> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.context("the output is neither CSV nor JSON lines")?;
        rows.push(record.iter().map(str::to_owned).collect::<Vec<_>>());
    }
    let width = rows.iter().map(Vec::len).max().unwrap_or_default();
    for row in &mut rows {
        row.resize(width, String::new());
    }
    let head = if rows.is_empty() { Vec::new() } else { rows.remove(0) };
    Ok(Rows {
        kind: Kind::Csv,
        head,
        rows,
    })
}

/// What stands between the values of the first line most often, outside of quotes.
fn delimiter(text: &str) -> u8 {
    let mut quoted = false;
    let first: Vec<u8> = text
        .bytes()
        .skip_while(|byte| byte.is_ascii_whitespace())
        .take_while(|byte| *byte != b'\n')
        .filter(|byte| {
            quoted ^= *byte == b'"';
            !quoted
        })
        .collect();
    let count = |delimiter: u8| first.iter().filter(|byte| **byte == delimiter).count();
    // Of several that are as frequent, the last one: a comma.
    *b"|;\t,"
        .iter()
        .max_by_key(|delimiter| count(**delimiter))
        .unwrap_or(&b',')
}

fn json_lines(text: &str, cut: bool) -> Result<Rows> {
    let mut objects = Vec::new();
    let mut lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .peekable();
    while let Some((number, line)) = lines.next() {
        match json::from_str::<Map<String, Value>>(line) {
            Ok(object) => objects.push(object),
            // The last line is the one that was cut.
            Err(_) if cut && lines.peek().is_none() => {}
            Err(error) => {
                return Err(error).with_context(|| format!("line {} of the output is no JSON object", number + 1));
            }
        }
    }
    Ok(table(Kind::JsonLines, objects))
}

fn json_array(text: &str, cut: bool) -> Result<Rows> {
    if cut {
        bail!("the output is a JSON array of which the end is lost; JSON lines are shown as far as they go");
    }
    let objects = json::from_str(text).context("the output is no JSON array of objects")?;
    Ok(table(Kind::Json, objects))
}

/// A column for each key, in the order in which they come first.
fn table(kind: Kind, objects: Vec<Map<String, Value>>) -> Rows {
    let mut head: Vec<String> = Vec::new();
    for key in objects.iter().flat_map(Map::keys) {
        if !head.contains(key) {
            head.push(key.clone());
        }
    }
    let row = |object: &Map<String, Value>| head.iter().map(|key| cell(object.get(key))).collect();
    Rows {
        kind,
        rows: objects.iter().map(row).collect(),
        head,
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}
