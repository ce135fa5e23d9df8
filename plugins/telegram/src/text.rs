//! Long texts in pieces that a message can hold.

/// The longest message, in UTF-16 units.
const LONGEST: usize = 4096;

/// Pieces of at most [`LONGEST`] units, cut at line ends where that is possible. None of them is blank.
pub(crate) fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let fits = prefix(rest);
        let end = match rest[..fits].rfind('\n') {
            Some(line_end) if fits < rest.len() => line_end,
            _ => fits,
        };
        pieces.push(rest[..end].trim_end().to_owned());
        rest = rest[end..].trim_start();
    }
    pieces
}

/// The length in bytes of the longest start that fits.
fn prefix(text: &str) -> usize {
    let mut units = 0;
    for (at, c) in text.char_indices() {
        units += c.len_utf16();
        if units > LONGEST {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_one_piece() {
        assert_eq!(pieces(" a\nb \n"), ["a\nb"]);
        assert_eq!(pieces("\n "), Vec::<String>::new());
        assert_eq!(pieces(&"a".repeat(4096)).len(), 1);
    }

    #[test]
    fn a_long_one_is_cut_at_line_ends() {
        let lines = format!("{}\n", "ж".repeat(999)).repeat(10);
        let pieces = pieces(&lines);
        let lengths: Vec<_> = pieces.iter().map(|piece| piece.chars().count()).collect();
        assert_eq!(lengths, [3999, 3999, 1999]);
        assert_eq!(pieces.join("\n"), lines.trim());
    }

    #[test]
    fn units_are_those_of_utf_16_and_no_character_is_cut() {
        let rockets = "🚀".repeat(3000);
        let pieces = pieces(&rockets);
        assert_eq!(
            pieces
                .iter()
                .map(|piece| piece.encode_utf16().count())
                .collect::<Vec<_>>(),
            [4096, 1904]
        );
        assert_eq!(pieces.concat(), rockets);
        let odd = format!("a{rockets}");
        assert_eq!(super::pieces(&odd)[0].encode_utf16().count(), 4095);
    }
}
