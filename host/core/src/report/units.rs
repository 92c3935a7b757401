//! Numbers as people read them.

use std::time::Duration;

/// `13,200`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `812 bytes`, `64 KiB`, `1.5 MiB`.
pub(crate) fn bytes(number: u64) -> String {
    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;
    const GIB: u64 = 1 << 30;
    match number {
        1 => "1 byte".to_owned(),
        0..KIB => format!("{number} bytes"),
        KIB..MIB => format!("{} KiB", tenths(number, KIB)),
        MIB..GIB => format!("{} MiB", tenths(number, MIB)),
        GIB.. => format!("{} GiB", tenths(number, GIB)),
    }
}

/// `number / unit`, with one decimal where it is not a whole number.
fn tenths(number: u64, unit: u64) -> String {
    let tenths = u128::from(number) * 10 / u128::from(unit);
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        rest => format!("{}.{rest}", tenths / 10),
    }
}

/// `350 ms`, `1.2 s`, `60 s`, `5 min`, `1 h 30 min`.
pub(crate) fn span(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let minutes = millis / 60_000;
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..120_000 => format!("{} s", tenths(millis, 1_000)),
        120_000..3_600_000 => format!("{minutes} min"),
        _ if minutes.is_multiple_of(60) => format!("{} h", minutes / 60),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(
            [0, 999, 1_000, 13_200, 1_234_567].map(thousands),
            ["0", "999", "1,000", "13,200", "1,234,567"]
        );
    }

    #[test]
    fn bytes_have_their_unit() {
        assert_eq!(
            [1, 812, 65_536, 1_572_864, 16 << 20, 3 << 30].map(bytes),
            ["1 byte", "812 bytes", "64 KiB", "1.5 MiB", "16 MiB", "3 GiB"]
        );
    }

    #[test]
    fn spans_have_their_unit() {
        let spans = [350, 1_250, 60_000, 300_000, 3_600_000, 5_400_000].map(Duration::from_millis);
        assert_eq!(
            spans.map(span),
            ["350 ms", "1.2 s", "60 s", "5 min", "1 h", "1 h 30 min"]
        );
    }
}
