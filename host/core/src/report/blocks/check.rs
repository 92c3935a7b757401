//! Applies the tables to what a job wrote. Every text is cleaned, and kept within what the namespace may say, before
//! it is measured: what is measured is what is posted.

use serde_json::{Map, Value};

use super::super::buttons::ACTION;
use super::super::text::{Voice, is_id};
use super::super::units::thousands;
use super::rule::{Field, Rule, Shape};
use super::tables::BLOCKS;
use super::{clean, limits, tame};

type Object = Map<String, Value>;

/// The blocks as they may be posted, or a sentence that says which of them Slack or the host would refuse, and why.
pub(super) fn check(mut blocks: Vec<Value>, voice: Voice) -> Result<Vec<Value>, String> {
    if blocks.len() > limits::BLOCKS {
        return Err(format!(
            "it has {} blocks, and a message has at most {}.",
            blocks.len(),
            limits::BLOCKS
        ));
    }
    for (index, block) in blocks.iter_mut().enumerate() {
        let mut at = At {
            voice,
            path: Vec::new(),
        };
        at.value(block, &BLOCKS)
            .map_err(|why| format!("block {} of it is refused: {}{why}.", index + 1, at.place()))?;
    }
    check_together(&blocks)?;
    Ok(blocks)
}

/// What holds for all blocks together.
fn check_together(blocks: &[Value]) -> Result<(), String> {
    let of_type = |kind: &'static str| blocks.iter().filter(move |block| block["type"] == kind);
    if of_type("table").count() > 1 {
        return Err("it has more than one table, and a message has at most one.".to_owned());
    }
    let markdown: usize = of_type("markdown").map(text_length).sum();
    if markdown > limits::MARKDOWN {
        return Err(too_long(
            "its markdown blocks together have",
            markdown,
            limits::MARKDOWN,
        ));
    }
    let total: usize = blocks.iter().map(text_length).sum();
    if total > limits::BLOCKS_TOTAL {
        return Err(too_long("its blocks together have", total, limits::BLOCKS_TOTAL));
    }
    let mut ids: Vec<&str> = blocks.iter().filter_map(|block| block["block_id"].as_str()).collect();
    ids.sort_unstable();
    match ids.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("two of its blocks have the `block_id` `{}`.", quoted(pair[0]))),
        None => Ok(()),
    }
}

fn too_long(what: &str, length: usize, max: usize) -> String {
    format!(
        "{what} {} characters of text, and a message takes at most {}.",
        thousands(length as u64),
        thousands(max as u64)
    )
}

/// Characters of all strings in a value, but for what only says of what type something is.
fn text_length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.iter().map(text_length).sum(),
        Value::Object(object) => object
            .iter()
            .filter(|(key, _)| *key != "type")
            .map(|(_, value)| text_length(value))
            .sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// A word for what a JSON value is.
pub(super) const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The beginning of a name that the job chose.
fn quoted(name: &str) -> &str {
    name.char_indices().nth(40).map_or(name, |(end, _)| &name[..end])
}

/// Where the walk is. After an error, `path` is where it happened.
struct At {
    voice: Voice,
    path: Vec<String>,
}

impl At {
    /// `` `elements[0].text` `` with a colon, or nothing where the block itself is meant.
    fn place(&self) -> String {
        let path = self.path.concat();
        match path.trim_start_matches('.') {
            "" => String::new(),
            path => format!("`{path}` "),
        }
    }

    fn step(&mut self, step: String, value: &mut Value, rule: &Rule) -> Result<(), String> {
        self.path.push(step);
        self.value(value, rule)?;
        self.path.pop();
        Ok(())
    }

    fn value(&mut self, value: &mut Value, rule: &Rule) -> Result<(), String> {
        match rule {
            Rule::Text { mrkdwn, max } => self.text_object(value, *mrkdwn, *max),
            Rule::String(max) => string(value, 1, *max),
            Rule::Opaque(max) => string(value, 0, *max),
            Rule::ActionId => {
                string(value, 0, limits::ID)?;
                match value.as_str() {
                    // What it says would be taken for the words of whoever presses it.
                    Some(id) if id.starts_with(ACTION) => Err("is one of the host's own: choose another".to_owned()),
                    _ => Ok(()),
                }
            }
            Rule::Markdown(max) => {
                tame::markdown(value, self.voice);
                string(value, 1, *max)
            }
            Rule::Url { http } => self.url(value, *http),
            Rule::Id(kinds) => match value.as_str() {
                Some(id) if is_id(id, kinds) => Ok(()),
                _ => Err(format!("must be an id as Slack writes them, `{}…`", kinds[0])),
            },
            Rule::OneOf(words) => match value.as_str() {
                Some(word) if words.contains(&word) => Ok(()),
                _ => Err(format!("must be one of `{}`", words.join("`, `"))),
            },
            Rule::Number if value.is_u64() => Ok(()),
            Rule::Number => Err(format!("must be a whole number, and is {}", kind_of(value))),
            Rule::Bool if value.is_boolean() => Ok(()),
            Rule::Bool => Err(format!("must be true or false, and is {}", kind_of(value))),
            Rule::List { min, max, of } => self.list(value, *min, *max, of),
            Rule::ObjectOrNull(_) if value.is_null() => Ok(()),
            Rule::Object(fields) | Rule::ObjectOrNull(fields) => {
                let object = object(value)?;
                self.fields(object, fields, None)
            }
            Rule::Typed(shapes) => self.typed(value, shapes),
        }
    }

    fn list(&mut self, value: &mut Value, min: usize, max: usize, of: &Rule) -> Result<(), String> {
        let kind = kind_of(value);
        let items = value
            .as_array_mut()
            .ok_or_else(|| format!("must be an array, and is {kind}"))?;
        if items.len() < min {
            return Err("must not be empty".to_owned());
        }
        if items.len() > max {
            return Err(format!("has {} items, and may have {max}", items.len()));
        }
        for (index, item) in items.iter_mut().enumerate() {
            self.step(format!("[{index}]"), item, of)?;
        }
        Ok(())
    }

    fn typed(&mut self, value: &mut Value, shapes: &[&Shape]) -> Result<(), String> {
        let object = object(value)?;
        let name = object
            .get("type")
            .and_then(Value::as_str)
            .ok_or("must have a `type`, a string")?;
        let Some(shape) = shapes.iter().find(|shape| shape.name == name) else {
            let open = shapes.iter().filter(|shape| shape.open.closed_to(self.voice).is_none());
            let known: Vec<&str> = open.map(|shape| shape.name).collect();
            return Err(format!(
                "is of the type `{}`, and here may be `{}`",
                quoted(name),
                known.join("`, `")
            ));
        };
        if let Some(why) = shape.open.closed_to(self.voice) {
            return Err(format!("is of the type `{}`: {why}", shape.name));
        }
        self.fields(object, shape.fields, Some(shape))?;
        if let Some(tame) = shape.tame {
            tame(object, self.voice)?;
            return self.measure_again(object, shape);
        }
        Ok(())
    }

    /// Escaping makes a text longer.
    fn measure_again(&mut self, object: &mut Object, shape: &Shape) -> Result<(), String> {
        if object.get("type").and_then(Value::as_str) == Some(shape.name) {
            self.fields(object, shape.fields, Some(shape))?;
        }
        Ok(())
    }

    fn fields(&mut self, object: &mut Object, fields: &[Field], shape: Option<&Shape>) -> Result<(), String> {
        if let Some(missing) = fields
            .iter()
            .find(|field| field.required && !object.contains_key(field.name))
        {
            return Err(format!("lacks `{}`", missing.name));
        }
        let choices = shape.map_or(&[][..], |shape| shape.one_of);
        if !choices.is_empty() && !choices.iter().any(|name| object.contains_key(*name)) {
            return Err(format!("lacks `{}`", choices.join("` or `")));
        }
        for (key, value) in object.iter_mut() {
            if shape.is_some() && key == "type" {
                continue;
            }
            let field = fields
                .iter()
                .find(|field| field.name == key)
                .ok_or_else(|| format!("has an unknown key, `{}`", quoted(key)))?;
            self.step(format!(".{key}"), value, field.rule)?;
        }
        Ok(())
    }

    fn text_object(&mut self, value: &mut Value, mrkdwn: bool, max: usize) -> Result<(), String> {
        let object = object(value)?;
        let kinds: &[&str] = if mrkdwn {
            &["mrkdwn", "plain_text"]
        } else {
            &["plain_text"]
        };
        let kind = object
            .get("type")
            .and_then(Value::as_str)
            .and_then(|kind| kinds.iter().copied().find(|known| *known == kind))
            .ok_or_else(|| format!("must be a text object of the type `{}`", kinds.join("` or `")))?;
        for (key, value) in object.iter() {
            match (key.as_str(), kind) {
                ("type" | "text", _) => {}
                ("emoji", "plain_text") | ("verbatim", "mrkdwn") if value.is_boolean() => {}
                ("emoji", "plain_text") | ("verbatim", "mrkdwn") => {
                    return Err(format!("has a `{key}` that is not true or false"));
                }
                _ => return Err(format!("has an unknown key, `{}`", quoted(key))),
            }
        }
        if kind == "mrkdwn" {
            tame::mrkdwn(object, self.voice)?;
        }
        let text = object.get_mut("text").ok_or("lacks `text`")?;
        self.step(".text".to_owned(), text, &Rule::String(max))
    }

    fn url(&self, value: &mut Value, http: bool) -> Result<(), String> {
        string(value, 1, limits::URL)?;
        let url = value.as_str().unwrap_or_default();
        let web = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
        let other = !http && self.voice.trusted && (url.contains("://") || url.starts_with("mailto:"));
        if (web || other) && !url.contains(char::is_whitespace) && !url.contains(['<', '>']) {
            return Ok(());
        }
        Err("must be an absolute URL, `https://…`".to_owned())
    }
}

fn object(value: &mut Value) -> Result<&mut Object, String> {
    let kind = kind_of(value);
    value
        .as_object_mut()
        .ok_or_else(|| format!("must be an object, and is {kind}"))
}

/// Cleans a string and measures it.
fn string(value: &mut Value, min: usize, max: usize) -> Result<(), String> {
    let Value::String(text) = value else {
        return Err(format!("must be a string, and is {}", kind_of(value)));
    };
    *text = clean(text);
    let length = text.chars().count();
    if length < min {
        return Err("must not be empty".to_owned());
    }
    if length > max {
        return Err(format!(
            "has {} characters, and may have {}",
            thousands(length as u64),
            thousands(max as u64)
        ));
    }
    Ok(())
}
