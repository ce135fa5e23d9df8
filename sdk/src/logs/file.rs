//! A file that grows, read from its end or from where reading stopped. Only whole lines are told, so that what is still
//! being written is told once, and in one piece.

use std::ops::Range;

use crate::Error;

/// The most that is read of a file at once, in bytes.
const MOST: u64 = 4 * 1024 * 1024;
/// The least that is read of a file's end, in bytes.
const LEAST: u64 = 64 * 1024;
/// Bytes that a line has, at a guess.
const LINE: u64 = 256;

/// What stands for a secret begins so.
const SECRET: &[u8] = b"{{secret:";

/// A part of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Whole lines, without their ends; what is not UTF-8 becomes `U+FFFD`.
    pub lines: Vec<String>,
    /// Where to read on: behind the last whole line, in bytes.
    pub end: u64,
    /// Bytes in front of the lines that were left out, being too many.
    pub left_out: u64,
}

/// The last `count` lines of a file of `size` bytes, as far as its last 4 MiB hold them.
///
/// `read` gives the bytes behind an offset, as many as asked for. The host may have put a placeholder in place of a secret in
/// them, so how many come back says nothing.
pub fn newest(
    size: u64,
    count: u32,
    mut read: impl FnMut(u64, u64) -> Result<Vec<u8>, Error>,
) -> Result<Part, Error> {
    let guess = (u64::from(count) * LINE).clamp(LEAST, MOST);
    let mut part = Part::default();
    for window in [guess, MOST] {
        let start = size.saturating_sub(window);
        part = split(start..size, start > 0, &read(start, size - start)?);
        if start == 0 || window == MOST || part.lines.len() >= count as usize {
            break;
        }
    }
    let many = part.lines.len().saturating_sub(count as usize);
    part.lines.drain(..many);
    part.left_out = 0;
    Ok(part)
}

/// What a file of `size` bytes has behind `offset`, at most 4 MiB of it: the newest.
pub fn after(
    size: u64,
    offset: u64,
    mut read: impl FnMut(u64, u64) -> Result<Vec<u8>, Error>,
) -> Result<Part, Error> {
    if size <= offset {
        return Ok(Part {
            end: offset,
            ..Part::default()
        });
    }
    let start = offset.max(size.saturating_sub(MOST));
    let mut part = split(start..size, start > offset, &read(start, size - start)?);
    part.left_out = start - offset;
    Ok(part)
}

/// Whole lines of the bytes of this part of a file, which may begin within a line.
fn split(part: Range<u64>, within: bool, bytes: &[u8]) -> Part {
    let end_of_line = |bytes: &[u8]| bytes.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
    let first = if within {
        end_of_line(bytes).unwrap_or(bytes.len())
    } else {
        0
    };
    let last = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(first, |at| at + 1);
    let rest = &bytes[last..];
    // One line without an end, as long as all that is read at once, would never be passed; and how long one with a secret is,
    // nobody knows here.
    let endless = last == first && part.end - part.start >= MOST;
    let last = if endless || rest.windows(SECRET.len()).any(|bytes| bytes == SECRET) {
        bytes.len()
    } else {
        last
    };
    let text = |line: &[u8]| String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
    Part {
        lines: match bytes.get(first..last) {
            None | Some([]) => Vec::new(),
            Some(whole) => whole
                .strip_suffix(b"\n")
                .unwrap_or(whole)
                .split(|byte| *byte == b'\n')
                .map(text)
                .collect(),
        },
        end: part
            .end
            .saturating_sub((bytes.len() - last) as u64)
            .max(part.start),
        left_out: 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(content: &[u8]) -> impl FnMut(u64, u64) -> Result<Vec<u8>, Error> {
        move |start, length| {
            let (start, length) = (start as usize, length as usize);
            Ok(content[start..(start + length).min(content.len())].to_vec())
        }
    }

    fn numbered(lines: usize) -> Vec<u8> {
        (0..lines)
            .map(|n| format!("line {n:06} {}\n", "x".repeat(80)))
            .collect::<String>()
            .into_bytes()
    }

    #[test]
    fn the_newest_lines_are_found_however_long_the_file_is() {
        let content = numbered(50_000);
        let size = content.len() as u64;
        for count in [0, 1, 100, 40_000] {
            let part = newest(size, count, of(&content)).unwrap();
            assert_eq!(part.lines.len(), count as usize);
            assert_eq!(part.end, size);
            if let Some(last) = part.lines.last() {
                assert!(last.starts_with("line 049999 x"), "{last}");
            }
        }
        // 4 MiB is as far back as it goes.
        let part = newest(size, 50_000, of(&content)).unwrap();
        assert!(
            (45_000..45_200).contains(&part.lines.len()),
            "{}",
            part.lines.len()
        );
    }

    #[test]
    fn an_unfinished_line_waits_for_its_end() {
        let part = newest(9, 10, of(b"one\ntwo\nt")).unwrap();
        assert_eq!((part.lines, part.end), (vec!["one".into(), "two".into()], 8));
        let part = after(10, 8, of(b"one\ntwo\nth")).unwrap();
        assert_eq!((part.lines, part.end), (Vec::<String>::new(), 8));
        let part = after(15, 8, of(b"one\ntwo\nthree\r\n")).unwrap();
        assert_eq!((part.lines, part.end), (vec!["three".into()], 15));
    }

    #[test]
    fn what_grows_faster_than_it_is_read_is_left_out_and_said_so() {
        let content = numbered(60_000);
        let size = content.len() as u64;
        let part = after(size, 93, of(&content)).unwrap();
        assert_eq!((part.end, part.left_out), (size, size - 93 - MOST));
        let endless = vec![b'x'; MOST as usize + 5];
        let part = after(MOST, 0, of(&endless[..MOST as usize])).unwrap();
        assert_eq!((part.lines.len(), part.end), (1, MOST));
    }

    #[test]
    fn a_secret_is_as_long_as_it_is_in_the_file() {
        let mut read = |_, _| Ok(b"GET /?t={{secret:token}} 200\nGET / 200\nGE".to_vec());
        let part = newest(32, 9, &mut read).unwrap();
        assert_eq!((part.lines.len(), part.end), (2, 30));
        let part = after(132, 100, &mut read).unwrap();
        assert_eq!((part.lines.len(), part.end), (2, 130));
        let part = after(132, 100, |_, _| {
            Ok(b"GET / 200\nGET /?t={{secret:token}} 2".to_vec())
        })
        .unwrap();
        assert_eq!((part.lines.len(), part.end), (2, 132));
    }

    #[test]
    fn odd_files_are_read_too() {
        assert_eq!(newest(0, 5, of(b"")).unwrap(), Part::default());
        assert_eq!(newest(2, 5, of(b"\n\n")).unwrap().lines, ["", ""]);
        assert_eq!(
            newest(6, 5, of(b"a\xff\nb\xc3\n")).unwrap().lines,
            ["a\u{fffd}", "b\u{fffd}"]
        );
        assert_eq!(after(3, 7, of(b"abc")).unwrap().end, 7);
    }

    proptest! {
        #[test]
        fn a_file_read_in_pieces_is_the_file(
            content in "([ab]{0,5}\n){0,20}[ab]{0,5}", cuts in prop::collection::vec(0_usize..140, 0..6)
        ) {
            let bytes = content.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            cuts.push(bytes.len());
            let (mut lines, mut end) = (Vec::new(), 0);
            for size in cuts {
                let part = after(size as u64, end, of(&bytes[..size])).unwrap();
                lines.extend(part.lines);
                end = part.end;
            }
            let whole = content.rfind('\n').map_or("", |at| &content[..at]);
            let expected: Vec<&str> = if content.contains('\n') { whole.split('\n').collect() } else { Vec::new() };
            prop_assert_eq!(lines, expected);
        }
    }
}
