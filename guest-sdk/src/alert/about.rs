//! What a plugin says of itself.

/// What a plugin is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// How people choose it, for example `Pager`.
    pub name: String,
    /// Who wrote it. Empty: the authors in its `Cargo.toml`.
    pub author: String,
    /// Its version. Empty: the one in its `Cargo.toml`.
    pub version: String,
    /// What it does, in a sentence.
    pub description: String,
    /// Whether it wants alerts of the kind [`Update`](super::Kind::Update), too.
    pub wants_updates: bool,
    /// What whoever runs the host sets under `[plugins.<name>]`, in `settings` and `secrets`.
    pub settings: Vec<Field>,
}

impl Metadata {
    /// A plugin of this name that does this.
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            ..Self::default()
        }
    }

    /// Says who wrote it.
    #[must_use]
    pub fn author(mut self, author: impl Into<String>) -> Self {
        self.author = author.into();
        self
    }

    /// Says which version it is.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Wants updates, too: what happens while somebody has acknowledged the failure.
    #[must_use]
    pub const fn wants_updates(mut self) -> Self {
        self.wants_updates = true;
        self
    }

    /// Has a setting.
    #[must_use]
    pub fn setting(mut self, field: Field) -> Self {
        self.settings.push(field);
        self
    }
}

/// The fields of a plugin, under a title of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserFields {
    /// The title.
    pub title: String,
    /// The fields, in the order in which they are shown.
    pub fields: Vec<Field>,
}

impl UserFields {
    /// No fields yet.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            fields: Vec::new(),
        }
    }

    /// Has a field.
    #[must_use]
    pub fn field(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }
}

/// Something that a plugin wants to know, of each person or of whoever runs the host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Field {
    /// Its name: letters, digits, `-` and `_`, beginning with a letter.
    pub name: String,
    /// What people see.
    pub label: String,
    /// What may be entered.
    pub kind: FieldKind,
    /// The longest text, in characters, from 1 to 3000. Of other kinds it does not matter.
    pub max_length: u32,
    /// Whether it may be left empty.
    pub optional: bool,
    /// Whether it is kept encrypted, and never shown again. The plugin gets a placeholder.
    pub secret: bool,
    /// What it is until somebody enters something.
    pub default: Option<String>,
}

/// What may be entered into a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Any one line of text.
    Text,
    /// A whole number.
    Number,
    /// Yes or no.
    Boolean,
}

impl Field {
    /// One line of text, at most 200 characters.
    pub fn text(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(FieldKind::Text, name, label)
    }

    /// A whole number.
    pub fn number(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(FieldKind::Number, name, label)
    }

    /// Yes or no.
    pub fn boolean(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(FieldKind::Boolean, name, label)
    }

    fn new(kind: FieldKind, name: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            kind,
            max_length: match kind {
                FieldKind::Text => 200,
                FieldKind::Number | FieldKind::Boolean => 0,
            },
            optional: false,
            secret: false,
            default: None,
        }
    }

    /// So many characters at most.
    #[must_use]
    pub const fn max_length(mut self, characters: u32) -> Self {
        self.max_length = characters;
        self
    }

    /// May be left empty.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Is kept encrypted, and never shown again. The plugin gets a placeholder.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Is this until somebody enters something.
    #[must_use]
    pub fn default(mut self, value: impl ToString) -> Self {
        self.default = Some(value.to_string());
        self
    }
}
