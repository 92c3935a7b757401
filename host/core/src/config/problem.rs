//! What is wrong with a configuration, where, and what to do about it; as the Rust compiler would show it, or as JSON.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str};
use serde_json::{Value, json};

use super::source::Source;

/// How many problems are drawn. A file of a hostile namespace could hold a hundred thousand.
const MOST_OF_A_FILE: usize = 100;

/// Whether a problem refuses the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It does.
    Error,
    /// It does not.
    Warning,
}

impl Severity {
    /// The word for it in texts and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A place in a file, with what is said of it.
#[derive(Clone, Debug)]
pub struct Place {
    source: Arc<Source>,
    span: Option<Range<usize>>,
    label: String,
}

impl Place {
    /// A file as a whole.
    pub(super) fn file(source: Arc<Source>, label: impl Into<String>) -> Self {
        Self {
            source,
            span: None,
            label: label.into(),
        }
    }

    /// Some bytes of a file, moved to the nearest borders of characters.
    pub(super) fn span(source: Arc<Source>, span: Range<usize>, label: impl Into<String>) -> Self {
        let start = source.text.floor_char_boundary(span.start);
        let end = source.text.ceil_char_boundary(span.end.max(start));
        Self {
            source,
            span: Some(start..end),
            label: label.into(),
        }
    }

    /// The file's path, as it was given or found.
    pub fn path(&self) -> &str {
        &self.source.path
    }

    /// What is said of the place.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Line and column, both from 1, the column in characters. A file as a whole is its beginning.
    pub fn line_and_column(&self) -> (usize, usize) {
        let start = self.span.as_ref().map_or(0, |span| span.start);
        let before = &self.source.text[..start];
        let line = 1 + before.matches('\n').count();
        let column = 1 + before.rsplit('\n').next().unwrap_or_default().chars().count();
        (line, column)
    }

    /// The bytes themselves.
    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        self.span.clone().map_or("", |span| &self.source.text[span])
    }

    fn start(&self) -> usize {
        self.span.as_ref().map_or(0, |span| span.start)
    }
}

/// Something wrong in the configuration.
#[derive(Clone, Debug)]
pub struct Problem {
    severity: Severity,
    title: String,
    place: Place,
    also: Vec<Place>,
    help: Option<String>,
}

impl Problem {
    pub(super) fn error(title: impl Into<String>, place: Place) -> Self {
        Self {
            severity: Severity::Error,
            title: title.into(),
            place,
            also: Vec::new(),
            help: None,
        }
    }

    pub(super) fn warning(title: impl Into<String>, place: Place) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(title, place)
        }
    }

    /// Adds another place that has to do with it.
    pub(super) fn also(mut self, place: Place) -> Self {
        self.also.push(place);
        self
    }

    /// Says what to do. An empty text says nothing.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into()).filter(|help| !help.is_empty());
        self
    }

    /// Whether it refuses the start.
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// What is wrong, in one line.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Where.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// What to do.
    pub fn advice(&self) -> Option<&str> {
        self.help.as_deref()
    }

    fn draw(&self, renderer: &Renderer) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(self.title.as_str()));
        for places in self.places_by_file() {
            group = draw_file(group, &places, &self.place);
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
        }
        renderer.render(&[group])
    }

    /// The places, those of one file together, the file of the first one first.
    fn places_by_file(&self) -> Vec<Vec<&Place>> {
        let mut files: Vec<Vec<&Place>> = Vec::new();
        for place in std::iter::once(&self.place).chain(&self.also) {
            match files
                .iter_mut()
                .find(|file| Arc::ptr_eq(&file[0].source, &place.source))
            {
                Some(file) => file.push(place),
                None => files.push(vec![place]),
            }
        }
        files
    }

    fn to_json(&self) -> Value {
        let (line, column) = self.place.line_and_column();
        let related: Vec<Value> = self
            .also
            .iter()
            .map(|place| {
                let (line, column) = place.line_and_column();
                json!({ "file": place.path(), "line": line, "column": column, "message": place.label })
            })
            .collect();
        json!({
            "severity": self.severity.as_str(),
            "file": self.place.path(),
            "line": line,
            "column": column,
            "message": self.title,
            "label": self.place.label,
            "help": self.help,
            "related": related,
        })
    }
}

/// Draws the places of one problem that are in one file.
fn draw_file<'a>(mut group: Group<'a>, places: &[&'a Place], first: &Place) -> Group<'a> {
    let annotations: Vec<Annotation<'a>> = places
        .iter()
        .filter_map(|place| {
            let kind = if std::ptr::eq(*place, first) {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            let span = place.span.clone()?;
            Some(kind.span(span).label(normalize_untrusted_str(&place.label)))
        })
        .collect();
    let Some(source) = places.first().map(|place| &place.source) else {
        return group;
    };
    if annotations.is_empty() || source.text.is_empty() {
        group = group.element(Origin::path(source.path.as_str()));
    } else {
        let snippet = Snippet::source(source.text.as_str()).path(source.path.as_str());
        group = group.element(snippet.annotations(annotations));
    }
    for place in places {
        if (place.span.is_none() || source.text.is_empty()) && !place.label.is_empty() {
            group = group.element(Level::NOTE.message(normalize_untrusted_str(&place.label)));
        }
    }
    group
}

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    list: Vec<Problem>,
    /// Errors that were pushed, those included that were known already.
    errors_met: usize,
    /// How many were kept of each file, and how many were not.
    of_files: BTreeMap<String, (usize, usize)>,
    seen: HashSet<(String, usize, String)>,
}

impl Problems {
    /// Remembers a problem, once: several jobs can meet the same one.
    pub(super) fn push(&mut self, problem: Problem) {
        let key = (
            problem.place.path().to_owned(),
            problem.place.start(),
            problem.title.clone(),
        );
        self.errors_met += usize::from(problem.severity == Severity::Error);
        if self.seen.contains(&key) {
            return;
        }
        let (kept, left_out) = self.of_files.entry(key.0.clone()).or_default();
        if *kept == MOST_OF_A_FILE {
            *left_out += 1;
            return;
        }
        *kept += 1;
        self.seen.insert(key);
        self.list.push(problem);
    }

    /// Adds those of another list.
    pub(super) fn extend(&mut self, others: Self) {
        for problem in others.list {
            self.push(problem);
        }
    }

    /// The lines of the file `path` that have a problem.
    pub(super) fn lines_of(&self, path: &str) -> HashSet<usize> {
        let here = self.list.iter().filter(|known| known.place.path() == path);
        here.map(|known| known.place.line_and_column().0).collect()
    }

    /// The file `first`, then the others in their order; and each from its top to its end.
    pub(super) fn sort(&mut self, first: &str) {
        let mut files = vec![first.to_owned()];
        for problem in &self.list {
            if !files.iter().any(|file| file == problem.place.path()) {
                files.push(problem.place.path().to_owned());
            }
        }
        self.list.sort_by_key(|problem| {
            let file = files.iter().position(|file| file == problem.place.path());
            (file, problem.place.start())
        });
    }

    /// How many errors were met so far, each as often as it was met.
    pub(super) fn errors_met(&self) -> usize {
        self.errors_met
    }

    /// Whether there is one that refuses the start.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// Whether there is none at all.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// One after the other, in the order of files and lines.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter()
    }

    /// How many there are, for example `2 errors, 1 warning`.
    pub fn summary(&self) -> String {
        let counted = [Severity::Error, Severity::Warning].map(|severity| match self.count(severity) {
            0 => None,
            1 => Some(format!("1 {}", severity.as_str())),
            many => Some(format!("{many} {}s", severity.as_str())),
        });
        let counted: Vec<String> = counted.into_iter().flatten().collect();
        if counted.is_empty() {
            "no problems".into()
        } else {
            counted.join(", ")
        }
    }

    /// As the Rust compiler would show them, in colour only where `colour` says so. Ends in a newline; empty where
    /// there are none.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let mut drawn: String = self
            .list
            .iter()
            .map(|problem| format!("{}\n\n", problem.draw(&renderer)))
            .collect();
        let more: String = self
            .of_files
            .iter()
            .filter(|(_, (_, left_out))| *left_out > 0)
            .map(|(file, (_, left_out))| format!("… and {left_out} more in {file}\n"))
            .collect();
        if !more.is_empty() {
            drawn.push_str(&more);
        } else if drawn.ends_with("\n\n") {
            drawn.pop();
        }
        drawn
    }

    /// What is wrong and where, and nothing of the files themselves: a line for each.
    pub fn brief(&self) -> String {
        let line = |problem: &Problem| {
            let (line, _) = problem.place.line_and_column();
            let (severity, path) = (problem.severity.as_str(), problem.place.path());
            format!("{severity}: {} ({path}:{line})\n", problem.title)
        };
        self.list.iter().map(line).collect()
    }

    /// A list of objects with `severity`, `file`, `line`, `column`, `message`, `label`, `help` and `related`.
    pub fn to_json(&self) -> Value {
        self.list.iter().map(Problem::to_json).collect()
    }

    fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|problem| problem.severity == severity).count()
    }
}

impl std::fmt::Display for Problems {
    /// Without colour.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}
