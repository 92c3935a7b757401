//! One TOML file: its text, its values as JSON, and where each of them stands. What the values should be is left to
//! `shape`.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problem, Problems};

/// The longest file that is read, in bytes. A namespace may be hostile, and a configuration is written by hand.
const LONGEST: u64 = 1024 * 1024;
/// Keys and values of one file. Each is remembered with the path that leads to it.
const MOST_VALUES: usize = 20_000;
/// Bytes of one key. Every value below it has it in its path.
const LONGEST_KEY: usize = 128;
/// Syntax errors of one file that are told.
const MOST_SYNTAX_ERRORS: usize = 50;

/// A file as people know it, with its text.
#[derive(Debug)]
pub(super) struct Source {
    /// The path as it is shown.
    pub path: String,
    /// Empty where it could not be read.
    pub text: String,
}

impl Source {
    /// A file of which only the path is known.
    pub(super) fn unread(path: &Path) -> Arc<Self> {
        Arc::new(Self {
            path: path.display().to_string(),
            text: String::new(),
        })
    }
}

/// A TOML file that was read.
#[derive(Debug)]
pub(super) struct Document {
    source: Arc<Source>,
    /// The values, without what the shape check refused.
    pub value: Value,
    /// Whether the file has no syntax errors. Otherwise what is absent may be there and unreadable.
    pub whole: bool,
    nodes: HashMap<String, Node>,
}

/// Where a value stands.
#[derive(Clone, Debug)]
struct Node {
    key: Option<Range<usize>>,
    value: Range<usize>,
    kind: &'static str,
}

impl Document {
    /// Reads a file. Every syntax error becomes a problem; None where there is nothing to go on with. With `inside`, no link may
    /// lead out of that folder: whoever made it could have the host read, and quote, what is not theirs.
    pub(super) fn read(file: &Path, shown: &Path, inside: Option<&Path>, problems: &mut Problems) -> Option<Self> {
        match read_text(file, inside) {
            Ok(text) => Some(Self::parse(shown.display().to_string(), text, problems)),
            Err((title, help)) => {
                let place = Place::file(Source::unread(shown), "");
                problems.push(Problem::error(title, place).help(help));
                None
            }
        }
    }

    /// Parses a text. `path` is what problems call it.
    pub(super) fn parse(path: String, text: String, problems: &mut Problems) -> Self {
        let source = Arc::new(Source { path, text });
        let (table, errors) = DeTable::parse_recoverable(&source.text);
        for error in errors.iter().take(MOST_SYNTAX_ERRORS) {
            let place = match error.span() {
                Some(span) => Place::span(source.clone(), span, "not valid TOML"),
                None => Place::file(source.clone(), ""),
            };
            let title = error.message().trim().replace('\n', ", ");
            let help = syntax_help(&title);
            problems.push(Problem::error(title, place).help(help));
        }
        let mut nodes = HashMap::new();
        let mut left = MOST_VALUES;
        let (bearable, value) = match too_much(table.get_ref(), &mut left) {
            None => (true, table_value(table.get_ref(), "", &mut nodes)),
            Some((span, what)) => {
                let help = "a configuration is written by hand: cut it, or split the namespace";
                problems.push(Problem::error(what, Place::span(source.clone(), span, "from here on")).help(help));
                (false, Value::Object(serde_json::Map::new()))
            }
        };
        Self {
            whole: errors.is_empty() && bearable,
            value,
            nodes,
            source: source.clone(),
        }
    }

    /// What problems call the file.
    pub(super) fn path(&self) -> &str {
        &self.source.path
    }

    /// Whether the file says something at `pointer`, right or wrong.
    pub(super) fn has(&self, pointer: &str) -> bool {
        self.nodes.contains_key(pointer)
    }

    /// What kind of value stands at `pointer`, with its article.
    pub(super) fn kind(&self, pointer: &str) -> &'static str {
        self.nodes.get(pointer).map_or("nothing", |node| node.kind)
    }

    /// The file itself, without a place in it.
    pub(super) fn file(&self, label: impl Into<String>) -> Place {
        Place::file(self.source.clone(), label)
    }

    /// The key at `pointer`, or what is nearest to it.
    pub(super) fn key(&self, pointer: &str, label: impl Into<String>) -> Place {
        self.place(pointer, label, |node| node.key.clone().unwrap_or(node.value.clone()))
    }

    /// The value at `pointer`, or what is nearest to it.
    pub(super) fn value(&self, pointer: &str, label: impl Into<String>) -> Place {
        self.place(pointer, label, |node| node.value.clone())
    }

    /// The bytes `part` of the string at `pointer`; the whole of it where it is written with escapes.
    pub(super) fn part(&self, pointer: &str, part: &Range<usize>, label: impl Into<String>) -> Place {
        let text = self.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        self.place(pointer, label, |node| {
            let written = self.source.text.get(node.value.clone()).unwrap_or_default();
            match written.find(text) {
                Some(offset) if !text.is_empty() && part.end <= text.len() => {
                    let start = node.value.start + offset;
                    start + part.start..start + part.end
                }
                _ => node.value.clone(),
            }
        })
    }

    /// The element `text` of the list of strings at `pointer`, or the whole of it.
    pub(super) fn element(&self, pointer: &str, text: &str, label: impl Into<String>) -> Place {
        let list = self.value.pointer(pointer).and_then(Value::as_array);
        match list.and_then(|list| list.iter().position(|element| element == text)) {
            Some(index) => self.value(&format!("{pointer}/{index}"), label),
            None => self.value(pointer, label),
        }
    }

    fn place(&self, pointer: &str, label: impl Into<String>, span: impl Fn(&Node) -> Range<usize>) -> Place {
        let mut pointer = pointer;
        loop {
            if let Some(node) = self.nodes.get(pointer) {
                return Place::span(self.source.clone(), span(node), label);
            }
            match pointer.rfind('/') {
                Some(end) => pointer = &pointer[..end],
                None => return self.file(label),
            }
        }
    }
}

/// What to do about a syntax error, by what the parser says of it.
fn syntax_help(message: &str) -> &'static str {
    if message.contains("duplicate key") {
        "a key and a table are written once: remove one of them"
    } else if message.contains("basic string") || message.contains("literal string") {
        "text begins and ends with a quote, on one line"
    } else if message.contains("boolean") || message.contains("number") || message.contains("quoted") {
        "text is written in quotes; `true`, `false` and numbers without"
    } else {
        "https://toml.io shows how TOML is written"
    }
}

/// The pointer to `key` in the table at `parent` (RFC 6901).
pub(super) fn child(parent: &str, key: &str) -> String {
    format!("{parent}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The text of a file, or what is wrong with it and what to do.
fn read_text(file: &Path, inside: Option<&Path>) -> Result<String, (String, String)> {
    let name = file.file_name().unwrap_or_default().display().to_string();
    let cannot = |error: std::io::Error| {
        let help = match error.kind() {
            std::io::ErrorKind::NotFound => "make the file, or name another one".to_owned(),
            std::io::ErrorKind::PermissionDenied => "let the user that runs innkeeper read it".to_owned(),
            _ => "look at the file and its disk".to_owned(),
        };
        (format!("cannot read `{name}`: {error}"), help)
    };
    // Not to wait for a writer, where it is a pipe.
    let opened = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(file);
    let opened = opened.map_err(cannot)?;
    let found = opened.metadata().map_err(cannot)?;
    if let Some(folder) = inside
        && !lies_in(folder, file, &found)
    {
        return Err((
            format!("`{name}` is a link that leads out of its folder"),
            "put the file itself there".into(),
        ));
    }
    if !found.is_file() {
        return Err((
            format!("`{name}` is not a regular file"),
            "put a text file in its place".into(),
        ));
    }
    let mut bytes = Vec::new();
    opened.take(LONGEST + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > LONGEST {
        return Err((
            format!("`{name}` is longer than 1 MiB"),
            "a configuration is written by hand: cut it, or split the namespace".into(),
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..good].iter().filter(|byte| **byte == b'\n').count();
        (
            format!("`{name}` is not UTF-8: a bad byte in line {line}"),
            "save the file as UTF-8".into(),
        )
    })
}

/// Whether what was opened is what stands in `folder`, whatever is put in its place meanwhile.
fn lies_in(folder: &Path, file: &Path, opened: &Metadata) -> bool {
    let (Ok(folder), Ok(real)) = (folder.canonicalize(), file.canonicalize()) else {
        return false;
    };
    let same = |there: Metadata| (there.dev(), there.ino()) == (opened.dev(), opened.ino());
    real.starts_with(folder) && std::fs::symlink_metadata(real).is_ok_and(same)
}

/// What of a table nobody writes by hand, and a stranger could: it would cost the host memory and time. `left` is how
/// many values there may still be.
fn too_much(table: &DeTable<'_>, left: &mut usize) -> Option<(Range<usize>, String)> {
    table.iter().find_map(|(key, value)| {
        if key.get_ref().len() > LONGEST_KEY {
            return Some((key.span(), format!("a key has more than {LONGEST_KEY} bytes")));
        }
        too_many(value, left)
    })
}

fn too_many(value: &Spanned<DeValue<'_>>, left: &mut usize) -> Option<(Range<usize>, String)> {
    *left = left.saturating_sub(1);
    if *left == 0 {
        return Some((value.span(), format!("there are more than {MOST_VALUES} values")));
    }
    match value.get_ref() {
        DeValue::Array(array) => array.iter().find_map(|element| too_many(element, left)),
        DeValue::Table(table) => too_much(table, left),
        _ => None,
    }
}

fn table_value(table: &DeTable<'_>, pointer: &str, nodes: &mut HashMap<String, Node>) -> Value {
    let entries = table.iter().map(|(key, value)| {
        let name = key.get_ref().as_ref();
        let pointer = child(pointer, name);
        (name.to_owned(), plain_value(value, Some(key.span()), &pointer, nodes))
    });
    Value::Object(entries.collect())
}

/// The value as JSON. What no key of ours takes (fractions, dates, numbers beyond 64 bits) becomes null, which every
/// schema refuses; its kind is remembered for the message.
fn plain_value(
    value: &Spanned<DeValue<'_>>,
    key: Option<Range<usize>>,
    pointer: &str,
    nodes: &mut HashMap<String, Node>,
) -> Value {
    let (kind, plain) = match value.get_ref() {
        DeValue::String(text) => ("a string", Value::from(text.as_ref())),
        DeValue::Boolean(truth) => (if *truth { "`true`" } else { "`false`" }, Value::from(*truth)),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => ("a whole number", Value::from(number)),
            Err(_) => ("a number that is too large", Value::Null),
        },
        DeValue::Float(_) => ("a number with a fraction", Value::Null),
        DeValue::Datetime(_) => ("a date or time", Value::Null),
        DeValue::Array(elements) => {
            let elements = elements
                .iter()
                .enumerate()
                .map(|(index, element)| plain_value(element, None, &format!("{pointer}/{index}"), nodes))
                .collect();
            ("a list", Value::Array(elements))
        }
        DeValue::Table(table) => ("a table", table_value(table, pointer, nodes)),
    };
    let node = Node {
        key,
        value: value.span(),
        kind,
    };
    nodes.insert(pointer.to_owned(), node);
    plain
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn parse(text: &str) -> Document {
        Document::parse("x.toml".into(), text.into(), &mut Problems::default())
    }

    #[test]
    fn places_are_found_by_pointer() {
        let document = parse("[jobs.hello]\nrun_args_template = \"echo {name}\"\n[[slack]]\n\"a/b\" = [1, 2]\n");
        let text = |place: Place| place.text().to_owned();
        assert_eq!(text(document.key("/jobs/hello", "")), "hello");
        assert_eq!(
            text(document.part("/jobs/hello/run_args_template", &(5..11), "")),
            "{name}"
        );
        assert_eq!(text(document.value("/slack/0/a~1b/1", "")), "2");
        // What is not there is shown where it would be.
        assert_eq!(text(document.key("/slack/0/help", "")), "[[slack]]");
    }

    #[test]
    fn a_part_of_a_string_with_escapes_is_the_whole_string() {
        let document = parse(r#"a = "x\ty{z}""#);
        assert_eq!(document.part("/a", &(3..6), "").text(), r#""x\ty{z}""#);
    }

    #[test]
    fn what_no_key_takes_is_null_and_remembered() {
        let document = parse("a = 1.5\nb = 2026-01-01\nc = 99999999999999999999\nd = 0x10");
        assert_eq!(
            document.value,
            serde_json::json!({"a": null, "b": null, "c": null, "d": 16})
        );
        assert_eq!(document.kind("/c"), "a number that is too large");
    }

    #[test]
    fn a_file_that_is_no_text_is_one_clear_problem() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.toml");
        std::fs::write(&file, b"a = 1\nb = \"\xff\"\n").unwrap();
        assert_eq!(
            read_text(&file, None).unwrap_err().0,
            "`x.toml` is not UTF-8: a bad byte in line 2"
        );
        std::fs::write(&file, vec![b'#'; LONGEST as usize + 1]).unwrap();
        assert_eq!(read_text(&file, None).unwrap_err().0, "`x.toml` is longer than 1 MiB");
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        assert_eq!(read_text(&file, None).unwrap_err().0, "`x.toml` is not a regular file");
    }

    #[test]
    fn no_link_leads_out_of_a_strangers_folder() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("lab");
        std::fs::create_dir(&home).unwrap();
        let (secret, file) = (folder.path().join("secret"), home.join("x.toml"));
        std::fs::write(&secret, "hunter2").unwrap();
        std::os::unix::fs::symlink(&secret, &file).unwrap();
        assert_eq!(
            read_text(&file, Some(&home)).unwrap_err().0,
            "`x.toml` is a link that leads out of its folder"
        );
        assert_eq!(read_text(&file, None).unwrap(), "hunter2");
        // As Kubernetes mounts files.
        std::fs::remove_file(&file).unwrap();
        std::fs::write(home.join("real"), "a = 1").unwrap();
        std::os::unix::fs::symlink("real", &file).unwrap();
        assert_eq!(read_text(&file, Some(&home)).unwrap(), "a = 1");
    }
}
