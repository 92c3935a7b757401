//! Paths: which of them lie below a prefix, whatever the server makes of escapes.

/// How often a path is decoded to see what a server may see. Servers behind servers decode twice at most.
const DECODED: usize = 4;

/// The segments of a prefix as a grant writes it. None: every path.
///
/// # Errors
/// What is wrong with it, in words that follow `: `.
pub(super) fn parse_prefix(text: &str) -> Result<Vec<String>, &'static str> {
    if text.contains(['?', '#']) {
        return Err("a grant ends with its path: no `?`, no `#`");
    }
    let text = text.strip_suffix('/').unwrap_or(text);
    let Some(text) = text.strip_prefix('/') else {
        return Ok(Vec::new());
    };
    let plain = |segment: &&str| {
        segment.bytes().any(|b| b != b'.')
            && segment
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.~!$&'()*+,:@=".contains(&b))
    };
    if text.split('/').all(|segment| plain(&segment)) {
        Ok(text.split('/').map(str::to_owned).collect())
    } else {
        Err("a path prefix has plain segments: no `%`, no `//`, no `..`")
    }
}

/// Whether the path of a request lies below `prefix`: its first segments are the prefix's, to the letter.
pub(super) fn is_below(path: &str, prefix: &[String]) -> bool {
    let mut segments = path.strip_prefix('/').unwrap_or_default().split('/');
    prefix.iter().all(|wanted| segments.next() == Some(wanted))
}

/// Why a path cannot be told to lie where it seems to: some server may read it as another one. None where it can.
pub(super) fn doubt(path: &str) -> Option<&'static str> {
    if !path.starts_with('/') {
        return Some("its path does not begin with `/`");
    }
    let mut seen = path.as_bytes().to_vec();
    for _ in 0..DECODED {
        if let Some(doubt) = doubt_as_seen(&seen) {
            return Some(doubt);
        }
        let decoded = decode(&seen);
        if decoded == seen {
            return None;
        }
        seen = decoded;
    }
    Some("its path is escaped again and again")
}

fn doubt_as_seen(path: &[u8]) -> Option<&'static str> {
    if path.iter().any(u8::is_ascii_control) {
        return Some("its path has control characters");
    }
    let mut segments = path[1..].split(|b| *b == b'/' || *b == b'\\').peekable();
    while let Some(segment) = segments.next() {
        if segment.is_empty() && segments.peek().is_some() {
            return Some("its path has an empty segment");
        }
        // Some servers cut `;…` off a segment, some cut spaces, before they look for dots.
        let name = segment.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
        if !name.is_empty() && name.iter().all(|b| *b == b'.') {
            return Some("its path has a segment of dots");
        }
    }
    None
}

/// Undoes `%XX` once. What is no such escape stays.
fn decode(path: &[u8]) -> Vec<u8> {
    let digit = |at: usize| path.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut decoded = Vec::with_capacity(path.len());
    let mut at = 0;
    while let Some(byte) = path.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    decoded
}
