//! What a program wrote becomes text that is safe to show: valid UTF-8, no escape sequences, no control characters.
//!
//! A chat shows control characters as rubbish; a terminal obeys them. Neither is for a job to decide.

use std::iter::Peekable;
use std::str::Chars;

/// Bytes as text: what is no UTF-8 is shown as U+FFFD, and the rest is [`clean`]ed.
pub fn readable(bytes: &[u8]) -> String {
    clean(&String::from_utf8_lossy(bytes))
}

/// Removes ANSI escape sequences, control characters but for newline and tab, and the characters that make text
/// show in another order than it has. A carriage return becomes a newline, so that progress lines stay apart.
pub fn clean(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(character) = chars.next() {
        match character {
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_control_sequence(&mut chars),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(&mut chars),
            '\r' => {
                if chars.peek().is_some_and(|&next| next != '\n') {
                    kept.push('\n');
                }
            }
            '\n' | '\t' => kept.push(character),
            _ if character.is_control() || reorders(character) => {}
            _ => kept.push(character),
        }
    }
    kept
}

/// Whether a character changes the direction of the text after it, so that what is seen is not what is there.
const fn reorders(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// ECMA-48: after ESC comes a sequence, a string, or intermediate characters and a final one.
fn skip_escape(chars: &mut Peekable<Chars<'_>>) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            skip_control_sequence(chars);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            chars.next();
            skip_string(chars);
        }
        _ => {
            while chars.next_if(|next| matches!(next, ' '..='/')).is_some() {}
            chars.next_if(|next| matches!(next, '0'..='~'));
        }
    }
}

/// Parameters, then one final character. It ends where it is malformed, so that text after it is not lost.
fn skip_control_sequence(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(|next| matches!(next, ' '..='?')).is_some() {}
    chars.next_if(|next| matches!(next, '@'..='~'));
}

/// Everything up to BEL or the string terminator; up to the end of the line where neither comes.
fn skip_string(chars: &mut Peekable<Chars<'_>>) {
    while let Some(next) = chars.next_if(|&next| next != '\n') {
        match next {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' => {
                chars.next_if_eq(&'\\');
                return;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colours_titles_and_cursor_moves_go() {
        assert_eq!(clean("\x1b[1;31mred\x1b[0m and \x1b[2K\x1b[1Gplain"), "red and plain");
        assert_eq!(clean("\x1b]0;a title\x07text"), "text");
        assert_eq!(clean("\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\"), "link");
        assert_eq!(clean("\u{9b}31mred \x1b(Btext\x1bc"), "red text");
        assert_eq!(clean("a\x07b\x08c\0d\x7fe"), "abcde");
    }

    #[test]
    fn an_escape_that_never_ends_takes_no_more_than_its_line() {
        assert_eq!(clean("\x1b]0;no end\nnext line"), "\nnext line");
        assert_eq!(clean("\x1b[12\nnext line"), "\nnext line");
        assert_eq!(clean("end\x1b"), "end");
    }

    #[test]
    fn progress_lines_stay_apart() {
        assert_eq!(clean("10%\r20%\r\ndone\r"), "10%\n20%\ndone");
    }

    #[test]
    fn text_that_shows_in_another_order_is_put_straight() {
        assert_eq!(clean("moc\u{202e}.evil\u{2069}"), "moc.evil");
    }

    #[test]
    fn what_is_no_utf_8_is_shown_as_such() {
        assert_eq!(readable(b"caf\xe9 \xff"), "caf\u{fffd} \u{fffd}");
    }

    proptest! {
        #[test]
        fn nothing_that_a_terminal_obeys_is_left(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let text = readable(&bytes);
            prop_assert!(text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()));
            prop_assert_eq!(clean(&text), text);
        }

        #[test]
        fn plain_text_stays_as_it_is(text in "[ -~äé✓\n\t]{0,100}") {
            prop_assert_eq!(clean(&text), text);
        }
    }
}
