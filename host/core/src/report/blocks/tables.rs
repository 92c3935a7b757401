//! The blocks that a message may have, as tables. Source: <https://docs.slack.dev/reference/block-kit>.
//!
//! Left out, and refused with the reason: what only modals have; what needs somebody to answer a click, as long as
//! nothing here does; remote files, which apps cannot post as blocks.

use super::super::limits;
use super::rule::{Field, Rule, Shape, may, must, plain, rich};
use super::tame;

static BOOL: Rule = Rule::Bool;
static NUMBER: Rule = Rule::Number;
static ID: Rule = Rule::Opaque(limits::ID);
static URL: Rule = Rule::Url { http: false };
static HTTP_URL: Rule = Rule::Url { http: true };
static WORD: Rule = Rule::String(limits::ID);
static TEXT: Rule = Rule::String(limits::TEXT_OBJECT);
static ALT_TEXT: Rule = Rule::String(limits::ALT_TEXT);
static SECTION_TEXT: Rule = rich(limits::TEXT_OBJECT);
static BUTTON_TEXT: Rule = plain(limits::BUTTON);

const FETCHES: &str = "Slack would fetch it from an address of the job's choice, and the namespace is not trusted";
const NO_ANSWER: &str = "nothing answers it in this version; a `button` with a `url` works";

/// Every block that may be in a message's list.
pub(super) static BLOCKS: Rule = Rule::Typed(&[
    &Shape::new(
        "section",
        &[
            may("text", &SECTION_TEXT),
            may("fields", &FIELDS),
            may("accessory", &Rule::Typed(&[&IMAGE_ELEMENT, &BUTTON])),
            may("expand", &BOOL),
            may("block_id", &ID),
        ],
    )
    .with_one_of(&["text", "fields"]),
    &Shape::new(
        "header",
        &[
            must("text", &plain(limits::HEADER)),
            may("level", &NUMBER),
            may("block_id", &ID),
        ],
    ),
    &Shape::new("divider", &[may("block_id", &ID)]),
    &Shape::new("context", &[must("elements", &CONTEXT), may("block_id", &ID)]),
    &Shape::new("actions", &[must("elements", &ACTIONS), may("block_id", &ID)]),
    &Shape::new(
        "image",
        &[
            may("image_url", &HTTP_URL),
            may("slack_file", &SLACK_FILE),
            must("alt_text", &ALT_TEXT),
            may("title", &plain(limits::ALT_TEXT)),
            may("block_id", &ID),
        ],
    )
    .with_one_of(&["image_url", "slack_file"])
    .for_trusted(FETCHES),
    &RICH_TEXT,
    &Shape::new(
        "table",
        &[
            must("rows", &ROWS),
            may("column_settings", &COLUMNS),
            may("block_id", &ID),
        ],
    ),
    &Shape::new(
        "markdown",
        &[must("text", &Rule::Markdown(limits::MARKDOWN)), may("block_id", &ID)],
    )
    .for_trusted("its links show another text than their address, and the namespace is not trusted"),
    &VIDEO,
    &Shape::for_nobody("input", "nothing reads what people would enter"),
    &Shape::for_nobody(
        "file",
        "Slack lets nobody post it; write the file with the format `file`",
    ),
]);

static FIELDS: Rule = Rule::List {
    min: 1,
    max: limits::FIELDS,
    of: &rich(limits::FIELD),
};

static CONTEXT: Rule = Rule::List {
    min: 1,
    max: limits::CONTEXT_ELEMENTS,
    of: &Rule::Typed(&[
        &IMAGE_ELEMENT,
        &Shape::new("plain_text", &[must("text", &TEXT), may("emoji", &BOOL)]),
        &Shape::new("mrkdwn", &[must("text", &TEXT), may("verbatim", &BOOL)]).tamed(tame::mrkdwn),
    ]),
};

static ACTIONS: Rule = Rule::List {
    min: 1,
    max: limits::ACTIONS,
    of: &Rule::Typed(&[
        &BUTTON,
        &Shape::for_nobody("overflow", NO_ANSWER),
        &Shape::for_nobody("static_select", NO_ANSWER),
        &Shape::for_nobody("external_select", NO_ANSWER),
        &Shape::for_nobody("users_select", NO_ANSWER),
        &Shape::for_nobody("conversations_select", NO_ANSWER),
        &Shape::for_nobody("channels_select", NO_ANSWER),
        &Shape::for_nobody("datepicker", NO_ANSWER),
        &Shape::for_nobody("timepicker", NO_ANSWER),
        &Shape::for_nobody("datetimepicker", NO_ANSWER),
        &Shape::for_nobody("checkboxes", NO_ANSWER),
        &Shape::for_nobody("radio_buttons", NO_ANSWER),
        &Shape::for_nobody("workflow_button", NO_ANSWER),
    ]),
};

static BUTTON: Shape = Shape::new(
    "button",
    &[
        must("text", &BUTTON_TEXT),
        // Slack takes a button without one; a click on it would be answered by nobody.
        must("url", &URL),
        may("action_id", &Rule::ActionId),
        may("value", &Rule::Opaque(limits::BUTTON_VALUE)),
        may("style", &Rule::OneOf(&["primary", "danger"])),
        may("accessibility_label", &Rule::String(limits::BUTTON)),
        may("confirm", &Rule::Object(&CONFIRM)),
    ],
)
.for_trusted("its text hides where it leads, and the namespace is not trusted");

static CONFIRM: [Field; 5] = [
    must("title", &plain(limits::CONFIRM_TITLE)),
    must("text", &rich(limits::CONFIRM_TEXT)),
    must("confirm", &plain(limits::CONFIRM_BUTTON)),
    must("deny", &plain(limits::CONFIRM_BUTTON)),
    may("style", &Rule::OneOf(&["primary", "danger"])),
];

static IMAGE_ELEMENT: Shape = Shape::new(
    "image",
    &[
        may("image_url", &HTTP_URL),
        may("slack_file", &SLACK_FILE),
        must("alt_text", &ALT_TEXT),
    ],
)
.with_one_of(&["image_url", "slack_file"])
.for_trusted(FETCHES);

static SLACK_FILE: Rule = Rule::Object(&[may("id", &Rule::Id(&['F'])), may("url", &HTTP_URL)]);

static VIDEO: Shape = Shape::new(
    "video",
    &[
        must("alt_text", &ALT_TEXT),
        must("title", &plain(limits::VIDEO_TITLE)),
        must("thumbnail_url", &HTTP_URL),
        must("video_url", &HTTP_URL),
        may("title_url", &HTTP_URL),
        may("description", &plain(limits::VIDEO_TITLE)),
        may("author_name", &Rule::String(limits::VIDEO_AUTHOR)),
        may("provider_name", &WORD),
        may("provider_icon_url", &HTTP_URL),
        may("block_id", &ID),
    ],
)
.for_trusted(FETCHES);

static RICH_TEXT: Shape = Shape::new("rich_text", &[must("elements", &RICH_PARTS), may("block_id", &ID)]);

static RICH_PARTS: Rule = Rule::List {
    min: 0,
    max: usize::MAX,
    of: &Rule::Typed(&[
        &RICH_SECTION,
        &Shape::new(
            "rich_text_list",
            &[
                must(
                    "elements",
                    &Rule::List {
                        min: 0,
                        max: usize::MAX,
                        of: &Rule::Typed(&[&RICH_SECTION]),
                    },
                ),
                must("style", &Rule::OneOf(&["bullet", "ordered"])),
                may("indent", &NUMBER),
                may("offset", &NUMBER),
                may("border", &NUMBER),
            ],
        ),
        &Shape::new(
            "rich_text_preformatted",
            &[
                must("elements", &RICH_ELEMENTS),
                may("border", &NUMBER),
                may("language", &WORD),
            ],
        ),
        &Shape::new(
            "rich_text_quote",
            &[must("elements", &RICH_ELEMENTS), may("border", &NUMBER)],
        ),
    ]),
};

static RICH_SECTION: Shape = Shape::new("rich_text_section", &[must("elements", &RICH_ELEMENTS)]);

static STYLE: Rule = Rule::Object(&[
    may("bold", &BOOL),
    may("italic", &BOOL),
    may("strike", &BOOL),
    may("code", &BOOL),
    may("underline", &BOOL),
    may("highlight", &BOOL),
    may("client_highlight", &BOOL),
    may("unlink", &BOOL),
]);

static RICH_ELEMENTS: Rule = Rule::List {
    min: 0,
    max: usize::MAX,
    of: &Rule::Typed(&[
        &Shape::new("text", &[must("text", &RICH_WORDS), may("style", &STYLE)]),
        &Shape::new(
            "link",
            &[
                must("url", &URL),
                may("text", &RICH_WORDS),
                may("unsafe", &BOOL),
                may("style", &STYLE),
            ],
        )
        .tamed(tame::link),
        &Shape::new(
            "emoji",
            &[
                must("name", &WORD),
                may("unicode", &WORD),
                may("skin_tone", &NUMBER),
                may("style", &STYLE),
            ],
        ),
        &Shape::new("user", &[must("user_id", &Rule::Id(&['U', 'W'])), may("style", &STYLE)]).tamed(tame::user),
        &Shape::new(
            "usergroup",
            &[must("usergroup_id", &Rule::Id(&['S'])), may("style", &STYLE)],
        )
        .tamed(tame::usergroup),
        &Shape::new(
            "broadcast",
            &[
                must("range", &Rule::OneOf(&["here", "channel", "everyone"])),
                may("style", &STYLE),
            ],
        )
        .tamed(tame::broadcast),
        &Shape::new(
            "channel",
            &[must("channel_id", &Rule::Id(&['C', 'G', 'D'])), may("style", &STYLE)],
        ),
        &Shape::new("color", &[must("value", &WORD)]),
        &Shape::new(
            "date",
            &[
                must("timestamp", &NUMBER),
                must("format", &TEXT),
                may("url", &URL),
                may("fallback", &TEXT),
                may("style", &STYLE),
            ],
        )
        .tamed(tame::date),
    ]),
};

static RICH_WORDS: Rule = Rule::String(limits::BLOCKS_TOTAL);

static ROWS: Rule = Rule::List {
    min: 1,
    max: limits::TABLE_ROWS,
    of: &Rule::List {
        min: 1,
        max: limits::TABLE_COLUMNS,
        of: &Rule::Typed(&[&Shape::new("raw_text", &[must("text", &RICH_WORDS)]), &RICH_TEXT]),
    },
};

static COLUMNS: Rule = Rule::List {
    min: 0,
    max: limits::TABLE_COLUMNS,
    of: &Rule::ObjectOrNull(&[
        may("align", &Rule::OneOf(&["left", "center", "right"])),
        may("is_wrapped", &BOOL),
    ]),
};
