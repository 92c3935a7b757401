//! Slack's way of writing a text, undone: entities and links. Each is decoded once, in one pass.

/// The text that a person typed, from the text that Slack sends for it.
///
/// `&amp;`, `&lt;` and `&gt;` become `&`, `<` and `>`, exactly once: `&amp;lt;` is `&lt;`. A link (`<https://…>`,
/// `<https://…|label>`) becomes its address, and so does mail (`<mailto:a@b.c|a@b.c>`). References to people, channels
/// and groups (`<@U1>`, `<#C1|name>`, `<!subteam^S1>`) stay as they are, so that a job can use them.
/// Source: Slack's "Formatting text for app surfaces".
pub fn decode(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<']) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((character, length)) = entity(rest) {
            plain.push(character);
            rest = &rest[length..];
        } else if let Some((address, length)) = link(rest) {
            push_entities_decoded(&mut plain, address);
            rest = &rest[length..];
        } else {
            plain.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    plain.push_str(rest);
    plain
}

/// The entity that `text` begins with, and how many bytes it takes.
fn entity(text: &str) -> Option<(char, usize)> {
    [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')]
        .into_iter()
        .find(|(written, _)| text.starts_with(written))
        .map(|(written, character)| (character, written.len()))
}

/// The address of the link that `text` begins with (not yet decoded), and how many bytes the link takes.
fn link(text: &str) -> Option<(&str, usize)> {
    let inner = text.strip_prefix('<')?;
    let length = inner.find(['<', '>']).filter(|&at| inner[at..].starts_with('>'))?;
    let address = inner[..length].split('|').next()?;
    let address = match address.strip_prefix("mailto:") {
        Some(mail) => mail,
        None if address.starts_with("http://") || address.starts_with("https://") => address,
        None => return None,
    };
    Some((address, length + 2))
}

fn push_entities_decoded(plain: &mut String, mut text: &str) {
    while let Some(at) = text.find('&') {
        plain.push_str(&text[..at]);
        let (character, length) = entity(&text[at..]).unwrap_or(('&', 1));
        plain.push(character);
        text = &text[at + length..];
    }
    plain.push_str(text);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::decode;

    #[test]
    fn entities_are_decoded_once() {
        assert_eq!(decode("a &amp; b &lt;c&gt;"), "a & b <c>");
        assert_eq!(decode("&amp;lt; &amp;amp;"), "&lt; &amp;");
        assert_eq!(decode("&quot; & &am"), "&quot; & &am");
    }

    #[test]
    fn links_become_their_addresses() {
        assert_eq!(decode("see <https://a.b/c?d=1&amp;e=2>."), "see https://a.b/c?d=1&e=2.");
        assert_eq!(decode("<http://example.com|example.com> now"), "http://example.com now");
        assert_eq!(decode("<mailto:bob@example.com|bob@example.com>"), "bob@example.com");
        assert_eq!(decode("&lt;http://a&gt;"), "<http://a>", "typed by hand");
        assert_eq!(decode("<https://open <https://a>"), "<https://open https://a");
    }

    #[test]
    fn references_stay() {
        let text = "<@U1> in <#C1|general>, <!here> <!subteam^S1|@ops> 1 < 2";
        assert_eq!(decode(text), text);
    }

    proptest! {
        #[test]
        fn what_slack_escapes_comes_back(typed in any::<String>()) {
            let sent = typed.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            prop_assert_eq!(decode(&sent), typed);
        }

        #[test]
        fn any_text_is_taken(text in "([<>|&; ]|http://|mailto:|amp|lt|é){0,60}") {
            decode(&text);
        }
    }
}
