//! Reads JUnit's XML, of which there is no standard but what most tools write: `testcase` elements in `testsuite`
//! elements. Tests are counted here; the counts in attributes are often wrong.

use innkeeper_guest::{Context as _, Result, bail};
use roxmltree::{Document, Node};

/// What came of the tests.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Results {
    pub(crate) passed: usize,
    pub(crate) skipped: usize,
    pub(crate) failed: Vec<Failed>,
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
        self.passed + self.skipped + self.failed.len()
    }
}

/// Reads what a job wrote. Lines before and after the XML are passed over.
pub(crate) fn read(output: &str) -> Result<Results> {
    let Some(xml) = xml(output) else {
        bail!("the output is no JUnit XML: there is no `<testsuites>` or `<testsuite>` in it");
    };
    let document = Document::parse(xml).with_context(|| match xml.contains("</testsuite") {
        true => "the output is no JUnit XML that can be read; the log says where it is wrong",
        false => "the output is JUnit XML without an end; was it cut at its limit?",
    })?;
    let root = document.root_element();
    let mut results = Results::default();
    for test in root.descendants().filter(|node| node.has_tag_name("testcase")) {
        add(&mut results, test);
    }
    results.seconds = seconds(root).or_else(|| {
        let times = root.descendants().filter(|node| node.has_tag_name("testcase"));
        times.filter_map(seconds).reduce(|all, one| all + one)
    });
    Ok(results)
}

/// The part of the output that is XML.
fn xml(output: &str) -> Option<&str> {
    let first = output.find("<testsuite")?;
    let start = output[..first].rfind("<?xml").unwrap_or(first);
    // Comments and the like may stand between both; lines of text make it no XML, and are passed over.
    let start = if output[start..first].lines().all(is_markup) {
        start
    } else {
        first
    };
    let last = output.rfind("</testsuite").unwrap_or(first);
    let end = output[last..].find('>').map_or(output.len(), |end| last + end + 1);
    Some(&output[start..end])
}

fn is_markup(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('<') || line.ends_with('>')
}

fn add(results: &mut Results, test: Node<'_, '_>) {
    let child = |names: &[&str]| {
        test.children()
            .find(|node| node.is_element() && names.contains(&node.tag_name().name()))
    };
    if let Some(failure) = child(&["failure", "error"]) {
        results.failed.push(Failed {
            name: name(test),
            message: message(failure),
        });
    } else if child(&["skipped"]).is_some() {
        results.skipped += 1;
    } else {
        results.passed += 1;
    }
}

/// `classname` and `name`, where they do not say the same.
fn name(test: Node<'_, '_>) -> String {
    let attribute = |name| test.attribute(name).map(str::trim).filter(|text| !text.is_empty());
    match (attribute("classname"), attribute("name")) {
        (Some(class), Some(name)) if !name.starts_with(class) => format!("{class} › {name}"),
        (_, Some(name)) => name.to_owned(),
        (Some(class), None) => class.to_owned(),
        (None, None) => "a test without a name".to_owned(),
    }
}

/// The message, and what is written below it where that says more.
fn message(failure: Node<'_, '_>) -> String {
    let message = failure.attribute("message").unwrap_or_default().trim();
    let text: String = failure
        .descendants()
        .filter_map(|node| node.text().filter(|_| node.is_text()))
        .collect();
    let text = text.trim();
    match (message, text) {
        ("", "") => failure.attribute("type").unwrap_or_default().to_owned(),
        (message, "") => message.to_owned(),
        (message, text) if text.contains(message) => text.to_owned(),
        (message, text) => format!("{message}\n{text}"),
    }
}

fn seconds(node: Node<'_, '_>) -> Option<f64> {
    // Some tools write `1,234.5`.
    node.attribute("time")?
        .replace(',', "")
        .parse()
        .ok()
        .filter(|seconds: &f64| seconds.is_finite())
}
