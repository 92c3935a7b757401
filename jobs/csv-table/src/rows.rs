//! Reads rows: of CSV, whatever stands between its values, of JSON lines, or of a JSON array of objects.

use innkeeper_guest::json::{self, Map, Value};
use innkeeper_guest::serde::de::{IgnoredAny, SeqAccess, Visitor};
use innkeeper_guest::serde::{Deserialize, Deserializer};
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
    /// The first ones: more than [`KEPT`] are no table anyway, and a guest has little memory.
    pub(crate) rows: Vec<Vec<String>>,
    /// How many there are.
    pub(crate) count: usize,
}

/// Rows that are kept; the others are counted.
const KEPT: usize = 100;

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
    let (mut rows, mut count): (Vec<Vec<String>>, usize) = (Vec::new(), 0);
    let mut record = csv::StringRecord::new();
    while reader
        .read_record(&mut record)
        .context("the output is neither CSV nor JSON lines")?
    {
        count += 1;
        if count <= KEPT + 1 {
            rows.push(record.iter().map(str::to_owned).collect());
        }
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
        count: count.saturating_sub(1),
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
    let (mut objects, mut count) = (Vec::new(), 0);
    let mut lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .peekable();
    while let Some((number, line)) = lines.next() {
        if cut && lines.peek().is_none() {
            // The line that was cut, or a whole one that nobody can tell from it.
            count += usize::from(json::from_str::<IgnoredAny>(line).is_ok());
            objects.extend(json::from_str::<Object>(line).ok().filter(|_| count <= KEPT));
            break;
        }
        count += 1;
        if count <= KEPT {
            let object = json::from_str::<Object>(line);
            objects.push(object.with_context(|| format!("line {} of the output is no JSON object", number + 1))?);
        }
    }
    Ok(table(Kind::JsonLines, objects, count))
}

fn json_array(text: &str, cut: bool) -> Result<Rows> {
    if cut {
        bail!("the output is a JSON array of which the end is lost; JSON lines are shown as far as they go");
    }
    let array: Array = json::from_str(text).context("the output is no JSON array of objects")?;
    Ok(table(Kind::Json, array.first, array.count))
}

type Object = Map<String, Value>;

/// The first objects of an array.
struct Array {
    first: Vec<Object>,
    count: usize,
}

impl<'de> Deserialize<'de> for Array {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(First)
    }
}

struct First;

impl<'de> Visitor<'de> for First {
    type Value = Array;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Array, A::Error> {
        let mut first = Vec::new();
        while first.len() < KEPT
            && let Some(object) = items.next_element()?
        {
            first.push(object);
        }
        let mut count = first.len();
        while items.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Array { first, count })
    }
}

/// A column for each key, in the order in which they come first.
fn table(kind: Kind, objects: Vec<Object>, count: usize) -> Rows {
    let mut head: Vec<String> = Vec::new();
    for key in objects.iter().flat_map(Map::keys) {
        if !head.contains(key) {
            head.push(key.clone());
        }
    }
    let row = |object: &Object| head.iter().map(|key| cell(object.get(key))).collect();
    Rows {
        kind,
        rows: objects.iter().map(row).collect(),
        head,
        count,
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}
