//! What Slack and GitHub take: every limit in one place, each with where it is said. Lengths are in characters.

/// `text` of `chat.postMessage`: Slack cuts longer ones.
/// <https://api.slack.com/changelog/2018-04-truncating-really-long-messages>
pub(crate) const TEXT: usize = 40_000;

/// Longer texts may be shown as several messages, which tears a code block apart (chainloop-dev/chainloop#272). Slack
/// advises to stay below it. <https://docs.slack.dev/reference/methods/chat.postMessage>
pub(crate) const TEXT_IN_ONE_PIECE: usize = 4_000;

/// What a code block holds at most: the piece above, less the fence. It is also where users of such bots expect the
/// file to begin.
pub(crate) const CODE: usize = 3_990;

/// Blocks in a message. <https://docs.slack.dev/reference/block-kit/blocks>
pub(crate) const BLOCKS: usize = 50;

/// All texts of a message's blocks together. Not documented: Slack was seen to answer `msg_blocks_too_long` from
/// 13,297 on for one message, and from 13,172 with a divider in it (slackapi/bolt-js#2509). A little less than either.
pub(crate) const BLOCKS_TOTAL: usize = 13_000;

/// `block_id` and `action_id`, each.
pub(crate) const ID: usize = 255;

/// A text object, wherever nothing smaller is said.
/// <https://docs.slack.dev/reference/block-kit/composition-objects/text-object>
pub(crate) const TEXT_OBJECT: usize = 3_000;

/// Fields of a section, and the text of each. <https://docs.slack.dev/reference/block-kit/blocks/section-block>
pub(crate) const FIELDS: usize = 10;
/// See [`FIELDS`].
pub(crate) const FIELD: usize = 2_000;

/// The text of a header. <https://docs.slack.dev/reference/block-kit/blocks/header-block>
pub(crate) const HEADER: usize = 150;

/// Elements of a context block. <https://docs.slack.dev/reference/block-kit/blocks/context-block>
pub(crate) const CONTEXT_ELEMENTS: usize = 10;

/// Elements of an actions block. <https://docs.slack.dev/reference/block-kit/blocks/actions-block>
pub(crate) const ACTIONS: usize = 25;

/// A button's text, and its label for screen readers.
/// <https://docs.slack.dev/reference/block-kit/block-elements/button-element>
pub(crate) const BUTTON: usize = 75;
/// A button's value.
pub(crate) const BUTTON_VALUE: usize = 2_000;

/// The parts of a confirmation dialog.
/// <https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object>
pub(crate) const CONFIRM_TITLE: usize = 100;
/// See [`CONFIRM_TITLE`].
pub(crate) const CONFIRM_TEXT: usize = 300;
/// See [`CONFIRM_TITLE`].
pub(crate) const CONFIRM_BUTTON: usize = 30;

/// Any URL.
pub(crate) const URL: usize = 3_000;

/// An image's alternative text and its title. <https://docs.slack.dev/reference/block-kit/blocks/image-block>
pub(crate) const ALT_TEXT: usize = 2_000;

/// A video's title and description, and its author. <https://docs.slack.dev/reference/block-kit/blocks/video-block>
pub(crate) const VIDEO_TITLE: usize = 200;
/// See [`VIDEO_TITLE`].
pub(crate) const VIDEO_AUTHOR: usize = 50;

/// All markdown blocks of a message together. <https://docs.slack.dev/reference/block-kit/blocks/markdown-block>
pub(crate) const MARKDOWN: usize = 12_000;

/// Rows of a table, and cells of a row. <https://docs.slack.dev/reference/block-kit/blocks/table-block>
pub(crate) const TABLE_ROWS: usize = 100;
/// See [`TABLE_ROWS`].
pub(crate) const TABLE_COLUMNS: usize = 20;

/// The body of a comment on GitHub: `body is too long (maximum is 65536 characters)`.
pub(crate) const GITHUB_COMMENT: usize = 65_536;

/// The description of a commit status: `description is too long (maximum is 140 characters)`.
pub(crate) const GITHUB_STATUS: usize = 140;
