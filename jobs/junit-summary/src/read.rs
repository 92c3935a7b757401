//! Reads JUnit's XML, of which there is no standard but what most tools write: `testcase` elements in `testsuite`
//! elements. Tests are counted here; the counts in attributes are often wrong.
//!
//! It is read from end to end and not held: a guest has little memory.

use innkeeper_guest::{Context as _, Error, Result, bail};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// Failed tests that are shown; the others are counted.
const SHOWN: usize = 10;
/// Bytes of a failure's text that are read.
const TEXT: usize = 8 * 1024;

/// What came of the tests.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Results {
    pub(crate) passed: usize,
    pub(crate) skipped: usize,
    pub(crate) failed: usize,
    /// The first of those that failed.
    pub(crate) shown: Vec<Failed>,
    /// How long it took.
    pub(crate) seconds: Option<f64>,
}

/// A test that failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) name: String,
    pub(crate) message: String,
}

impl Results {
    pub(crate) fn tests(&self) -> usize {
        self.passed + self.skipped + self.failed
    }
}

/// Reads what a job wrote. Lines before and after the XML are passed over.
pub(crate) fn read(output: &str) -> Result<Results> {
    let Some(xml) = xml(output) else {
        bail!("the output is no JUnit XML: there is no `<testsuites>` or `<testsuite>` in it");
    };
    let mut reader = Reader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    let mut reading = Reading::default();
    loop {
        match reader.read_event() {
            Ok(Event::Eof) if reading.depth > 0 => bail!("{NO_END}"),
            Ok(Event::Eof) => return Ok(reading.done()),
            Ok(event) => reading.event(&event)?,
            Err(error @ quick_xml::Error::Syntax(_)) => return Err(error).context(NO_END),
            Err(error) => {
                let at = usize::try_from(reader.error_position()).unwrap_or_default();
                let line = xml.get(..at).map_or(0, |before| before.matches('\n').count()) + 1;
                let message = "the output is no JUnit XML that can be read; the log says where it is wrong";
                return Err(Error::new(message).details(format_args!("{error}, at line {line}")));
            }
        }
    }
}

const NO_END: &str = "the output is JUnit XML without an end; was it cut at its limit?";

/// The part of the output that is XML.
fn xml(output: &str) -> Option<&str> {
    let start = output.find("<testsuite")?;
    let end = match output.rfind("</testsuite") {
        Some(last) => output[last..].find('>').map(|end| last + end + 1),
        // One element that holds nothing.
        None => output[start..]
            .find("/>")
            .map(|end| start + end + 2)
            .filter(|end| !output[start..*end].contains("<testcase")),
    };
    Some(&output[start..end.unwrap_or(output.len())])
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    results: Results,
    /// How many elements are open.
    depth: usize,
    /// What the outermost element says of the time.
    whole_time: Option<f64>,
    test: Option<Test>,
}

/// The test that is being read.
struct Test {
    depth: usize,
    name: String,
    skipped: bool,
    failure: Option<Failure>,
}

/// What a test says of its failure.
struct Failure {
    /// Whether its element is still open: what is written in it belongs to it.
    open: bool,
    kind: String,
    message: String,
    text: String,
}

impl Reading {
    fn event(&mut self, event: &Event<'_>) -> Result<()> {
        match event {
            Event::Start(tag) => self.start(tag)?,
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(name) => match (name.resolve_char_ref()?, &*name.xml10_content()) {
                (Some(character), _) => self.text(character.encode_utf8(&mut [0; 4])),
                (None, "lt") => self.text("<"),
                (None, "gt") => self.text(">"),
                (None, "amp") => self.text("&"),
                (None, "quot") => self.text("\""),
                (None, "apos") => self.text("'"),
                (None, other) => self.text(&format!("&{other};")),
            },
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Eof => {}
        }
        Ok(())
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<()> {
        self.depth += 1;
        let (name, depth) = (tag.local_name(), self.depth);
        if depth == 1 {
            self.whole_time = seconds(tag)?;
        }
        let Some(test) = &mut self.test else {
            if name.as_ref() == "testcase" {
                self.results.seconds = add(self.results.seconds, seconds(tag)?);
                self.test = Some(Test {
                    depth,
                    name: test_name(tag)?,
                    skipped: false,
                    failure: None,
                });
            }
            return Ok(());
        };
        if depth != test.depth + 1 {
            return Ok(());
        }
        match name.as_ref() {
            "failure" | "error" if test.failure.is_none() => {
                test.failure = Some(Failure {
                    open: true,
                    kind: attribute(tag, "type")?,
                    message: attribute(tag, "message")?,
                    text: String::new(),
                });
            }
            "skipped" => test.skipped = true,
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if let Some(failure) = self.test.as_mut().and_then(|test| test.failure.as_mut())
            && failure.open
            && failure.text.len() < TEXT
        {
            failure.text.extend(text.chars().take(TEXT));
        }
    }

    fn end(&mut self) {
        if let Some(test) = self.test.take_if(|test| test.depth == self.depth) {
            self.results.add(test);
        } else if let Some(test) = &mut self.test
            && let Some(failure) = &mut test.failure
            && test.depth + 1 == self.depth
        {
            failure.open = false;
        }
        self.depth = self.depth.saturating_sub(1);
    }

    fn done(mut self) -> Results {
        self.results.seconds = self.whole_time.or(self.results.seconds);
        self.results
    }
}

impl Results {
    fn add(&mut self, test: Test) {
        match test.failure {
            Some(failure) => {
                self.failed += 1;
                if self.shown.len() < SHOWN {
                    self.shown.push(Failed {
                        name: test.name,
                        message: failure.says(),
                    });
                }
            }
            None if test.skipped => self.skipped += 1,
            None => self.passed += 1,
        }
    }
}

impl Failure {
    /// The message, and what is written below it where that says more.
    fn says(self) -> String {
        let text = self.text.trim();
        match (self.message.as_str(), text) {
            ("", "") => self.kind,
            (_, "") => self.message,
            (message, text) if text.contains(message) => text.to_owned(),
            (message, text) => format!("{message}\n{text}"),
        }
    }
}

/// `classname` and `name`, where they do not say the same.
fn test_name(tag: &BytesStart<'_>) -> Result<String> {
    let (class, name) = (attribute(tag, "classname")?, attribute(tag, "name")?);
    Ok(match (class.is_empty(), name.is_empty()) {
        (true, true) => "a test without a name".to_owned(),
        (false, true) => class,
        (false, false) if !name.starts_with(&class) => format!("{class} › {name}"),
        (_, false) => name,
    })
}

fn seconds(tag: &BytesStart<'_>) -> Result<Option<f64>> {
    // Some tools write `1,234.5`.
    let seconds = attribute(tag, "time")?.replace(',', "").parse().ok();
    Ok(seconds.filter(|seconds: &f64| seconds.is_finite()))
}

fn add(all: Option<f64>, one: Option<f64>) -> Option<f64> {
    match (all, one) {
        (Some(all), Some(one)) => Some(all + one),
        (all, one) => all.or(one),
    }
}

/// The value of an attribute, without white space around it; nothing where there is none.
fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<String> {
    let unreadable = "the output is JUnit XML with an attribute that cannot be read; the log says why";
    let attribute = tag.try_get_attribute(name).context(unreadable)?;
    match attribute {
        Some(attribute) => Ok(attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .context(unreadable)?
            .trim()
            .to_owned()),
        None => Ok(String::new()),
    }
}
