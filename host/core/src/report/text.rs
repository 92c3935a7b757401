//! Slack's mrkdwn: what a namespace writes, as far as it may say it.
//!
//! Slack interprets what stands between `<` and `>`: `<@U…>` and `<!subteam^S…>` mention people, `<!channel>`,
//! `<!here>` and `<!everyone>` mention a whole channel, `<#C…>` names a channel, `<!date^…>` shows a date, and the rest
//! is a link, perhaps with a label. `&`, `<` and `>` that mean nothing are written `&amp;`, `&lt;`, `&gt;`
//! (<https://docs.slack.dev/messaging/formatting-message-text>). A plain `@channel` mentions nobody in a text, unless
//! the sender asks Slack for that (`link_names`, `parse`), which the target must not; in blocks "certain mentions are
//! parsed", so it is broken up where it is not granted.
//!
//! A trusted namespace writes mrkdwn. What an untrusted one writes is plain text: all of it is escaped, but for the
//! mentions that it was granted. Bold and the like need no escaping: they show no other text than was written.

use super::limits;
use super::wording;
use super::{Facts, file};
use crate::config::{Grants, Mentions};
use crate::message::{Message, Post};

/// What goes between two characters so that Slack does not see them as a pair. It has no width.
pub(crate) const ZERO_WIDTH_SPACE: char = '\u{200b}';

/// How a namespace may speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voice {
    /// Whether what it writes is Slack's mrkdwn, and not plain text.
    pub trusted: bool,
    /// Whom it may mention.
    pub mentions: Mentions,
}

impl From<&Grants> for Voice {
    fn from(grants: &Grants) -> Self {
        Self {
            trusted: grants.trusted,
            mentions: grants.mentions,
        }
    }
}

/// Escapes text so that Slack shows it as it is written.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

impl Voice {
    /// Turns what the namespace wrote into mrkdwn that mentions nobody whom the namespace may not mention.
    pub fn say(self, text: &str) -> String {
        let mut said = String::with_capacity(text.len());
        let mut from = 0;
        while let Some(found) = text[from..].find(['&', '<', '>', '@']) {
            let at = from + found;
            said.push_str(&text[from..at]);
            from = at + self.say_special(text, at, &mut said);
        }
        said.push_str(&text[from..]);
        said
    }

    /// Says what begins with the special character at byte `at`; returns how many bytes of `text` that was.
    fn say_special(self, text: &str, at: usize, said: &mut String) -> usize {
        let rest = &text[at..];
        if let Some(mention) = Mention::at_start_of(rest) {
            return self.say_mention(&mention, said);
        }
        let plain_broadcast = rest.starts_with('@') && is_broadcast_word(&text[..at], &rest[1..]);
        match &rest[..1] {
            "@" if plain_broadcast && !self.may_mention(Whom::Channel) => {
                said.push('@');
                said.push(ZERO_WIDTH_SPACE);
            }
            special if self.trusted || special == "@" => said.push_str(special),
            special => said.push_str(&escape(special)),
        }
        1
    }

    fn say_mention(self, mention: &Mention<'_>, said: &mut String) -> usize {
        let Some(whole) = mention.whole else {
            // Whatever Slack makes of a mention that is not well-formed: it is not one any more.
            said.push_str("&lt;");
            return 1;
        };
        if !self.may_mention(mention.whom) {
            said.push_str(&mention.defused());
        } else if self.trusted {
            said.push_str(whole);
        } else {
            said.push_str(&mention.canonical());
        }
        whole.len()
    }

    pub(crate) fn may_mention(self, whom: Whom) -> bool {
        match whom {
            Whom::User | Whom::Group => self.mentions >= Mentions::Users,
            Whom::Channel => self.mentions >= Mentions::Channel,
        }
    }
}

/// Whom a mention is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    User,
    Group,
    Channel,
}

/// A mention: `<@U1>`, `<!subteam^S1|@devs>`, `<!here|here>`.
struct Mention<'a> {
    whom: Whom,
    /// The id, or the word for a channel.
    name: &'a str,
    /// All of it, where it is well-formed.
    whole: Option<&'a str>,
}

impl<'a> Mention<'a> {
    /// Reads generously, since what is not recognised here would be sent as it is: any case, spaces after the `<`, and
    /// any unknown `<!…` counts as a mention of the channel.
    fn at_start_of(text: &'a str) -> Option<Self> {
        let inner = text
            .strip_prefix('<')?
            .trim_start_matches(|c: char| c.is_whitespace() || c == ZERO_WIDTH_SPACE);
        let end = inner.find(['>', '<', '\n']).unwrap_or(inner.len());
        let closed = inner[end..].starts_with('>');
        let (name, _label) = inner[..end].split_once('|').unwrap_or((&inner[..end], ""));
        let (whom, name, valid) = if let Some(id) = name.strip_prefix('@') {
            (Whom::User, id, is_id(id, &['U', 'W']))
        } else {
            let word = name.strip_prefix('!')?;
            match word.split_once('^') {
                Some((kind, _)) if kind.eq_ignore_ascii_case("date") => return None,
                Some((kind, id)) if kind.eq_ignore_ascii_case("subteam") => (Whom::Group, id, is_id(id, &['S'])),
                _ => (Whom::Channel, word, BROADCASTS.contains(&word)),
            }
        };
        let written = text.len() - inner.len() + end + 1;
        Some(Self {
            whom,
            name,
            whole: (closed && valid).then(|| &text[..written]),
        })
    }

    /// The mention and nothing else: no label of the writer's choice.
    fn canonical(&self) -> String {
        match self.whom {
            Whom::User => format!("<@{}>", self.name),
            Whom::Group => format!("<!subteam^{}>", self.name),
            Whom::Channel => format!("<!{}>", self.name),
        }
    }

    fn defused(&self) -> String {
        format!("@{ZERO_WIDTH_SPACE}{}", self.name)
    }
}

const BROADCASTS: [&str; 3] = ["channel", "here", "everyone"];

/// Whether `id` is an id as Slack makes them, of one of the kinds that begin with these letters.
pub(crate) fn is_id(id: &str, kinds: &[char]) -> bool {
    id.starts_with(kinds)
        && id.len() <= 32
        && id
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Whether between `before` and `after` stands the `@` of a plain `@channel`.
fn is_broadcast_word(before: &str, after: &str) -> bool {
    let in_a_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !in_a_word(before.chars().next_back())
        && BROADCASTS.iter().any(|word| {
            after
                .get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word) && !in_a_word(after[word.len()..].chars().next()))
        })
}

/// The first `max` characters of mrkdwn, cut where no entity and no `<…>` is cut in two.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(max) else {
        return text;
    };
    let head = &text[..end];
    let open = head.rfind('<').filter(|&at| !head[at..].contains(['>', '\n']));
    let entity = head
        .rfind('&')
        .filter(|&at| !head[at..].contains(';') && head.len() - at < 6);
    &head[..open.unwrap_or(end).min(entity.unwrap_or(end))]
}

/// stdout as a message. Over Slack's limit it is a file that the first lines announce: cutting it would lose the rest,
/// and a row of messages would be torn apart by whatever else the channel says.
pub(crate) fn report(facts: &Facts<'_>, text: &str) -> Message {
    let voice = Voice::from(&facts.job.grants);
    let mut said = voice.say(text.trim_start_matches('\n').trim_end());
    if let Some(note) = wording::lost(&facts.outcome.stdout) {
        said.push('\n');
        said.push_str(&note);
    }
    let length = said.chars().count();
    if length <= limits::TEXT {
        return Message::Post(Post::text(said));
    }
    let comment = wording::too_long_for_text(&facts.job.full_name(), facts.run, length, first_lines(&said));
    file::of(facts, "txt", facts.stdout, comment)
}

fn first_lines(said: &str) -> &str {
    let five_lines = said.match_indices('\n').nth(4).map_or(said.len(), |(at, _)| at);
    cut(&said[..five_lines], 500)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn voice(trusted: bool, mentions: Mentions) -> Voice {
        Voice { trusted, mentions }
    }

    const ROTA: &str = "*On duty*: <@U1|bob> & <!subteam^S2|@devs> in <#C3>, see <https://example.com|the rota>";

    #[test]
    fn a_trusted_namespace_writes_mrkdwn_and_mentions_people() {
        assert_eq!(voice(true, Mentions::Users).say(ROTA), ROTA);
        let date = "<!date^1392734382^{date}|then>";
        assert_eq!(voice(true, Mentions::None).say(date), date);
    }

    #[test]
    fn nobody_mentions_a_channel_without_a_grant() {
        let shouts = "<!channel> <!here|here> <!everyone> <!CHANNEL> < !here> <!group> <!channel @here";
        insta::assert_snapshot!(
            voice(true, Mentions::Users).say(shouts).replace(ZERO_WIDTH_SPACE, "·"),
            @"@·channel @·here @·everyone &lt;!CHANNEL> @·here &lt;!group> &lt;!channel @·here"
        );
        assert_eq!(
            voice(true, Mentions::Channel).say("<!channel> @here"),
            "<!channel> @here"
        );
    }

    #[test]
    fn without_any_mention_people_are_named_and_channels_stay() {
        insta::assert_snapshot!(
            voice(true, Mentions::None).say(ROTA).replace(ZERO_WIDTH_SPACE, "·"),
            @"*On duty*: @·U1 & @·S2 in <#C3>, see <https://example.com|the rota>"
        );
    }

    #[test]
    fn what_an_untrusted_namespace_writes_is_shown_and_not_interpreted() {
        insta::assert_snapshot!(
            voice(false, Mentions::None).say("<@U1> a < b && <https://evil.example|https://bank.example>").replace(ZERO_WIDTH_SPACE, "·"),
            @"@·U1 a &lt; b &amp;&amp; &lt;https://evil.example|https://bank.example&gt;"
        );
    }

    #[test]
    fn an_untrusted_namespace_mentions_whom_it_was_granted_without_a_label() {
        let granted = voice(false, Mentions::Users);
        assert_eq!(granted.say("<@U1|the boss> <@U1 <b>"), "<@U1> &lt;@U1 &lt;b&gt;");
    }

    #[test]
    fn mail_addresses_and_other_words_are_left_alone() {
        let text = "bob@here.example, @channels, @bob";
        assert_eq!(voice(true, Mentions::None).say(text), text);
    }

    #[test]
    fn a_cut_leaves_no_half_of_anything() {
        assert_eq!(cut("ab &amp; cd", 6), "ab ");
        assert_eq!(cut("see <https://example.com|it> now", 10), "see ");
        assert_eq!(cut("short", 10), "short");
        assert_eq!(cut("äöü", 2), "äö");
    }

    proptest! {
        #[test]
        fn an_untrusted_text_has_nothing_that_slack_interprets(
            text in "([<>!@&|^;# \n]|channel|here|U1|subteam|date|lt;|[a-z\u{200b}é]){0,30}"
        ) {
            let said = voice(false, Mentions::None).say(&text);
            prop_assert!(!said.contains(['<', '>']), "{said}");
        }

        #[test]
        fn a_trusted_text_mentions_no_channel(text in "([<>!@&|^ \n]|channel|here|everyone|U1|subteam){0,30}") {
            let said = voice(true, Mentions::Users).say(&text);
            for shout in ["<!channel", "<!here", "<!everyone", "< !", "<\u{200b}!"] {
                prop_assert!(!said.contains(shout), "{said}");
            }
        }
    }
}
