//! The change, as `git diff-tree -p` prints it, in files, hunks and lines that know their numbers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use runner_sdk::Error;

/// One file of the change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct File {
    /// Its new name, from the root of the repository; the old one where it was deleted.
    pub(crate) path: String,
    /// `new`, `deleted`, `renamed from x`, or nothing.
    pub(crate) note: String,
    /// Git shows no lines of it.
    pub(crate) binary: bool,
    pub(crate) hunks: Vec<Hunk>,
}

/// Lines that stand together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hunk {
    /// The function or section that they are in, as far as git knows.
    pub(crate) heading: String,
    pub(crate) lines: Vec<Line>,
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Added,
    Removed,
    Kept,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) sign: Sign,
    /// In the new file.
    pub(crate) number: Option<u32>,
    pub(crate) text: String,
}

/// The lines of each file that a comment can be made on.
pub(crate) struct Lines<'a>(BTreeMap<&'a str, Vec<u32>>);

/// Reads what git printed.
pub(crate) fn parse(text: &str) -> Result<Vec<File>, Error> {
    let mut reader = Reader::default();
    for (place, line) in text.split_terminator('\n').enumerate() {
        reader.line(line).map_err(|why| {
            Error::failed(format!(
                "line {} of what `git diff-tree` printed is not understood: {why}",
                place + 1
            ))
        })?;
    }
    if reader.in_hunk() {
        return Err(Error::failed(
            "what `git diff-tree` printed ends in the middle of a hunk",
        ));
    }
    Ok(reader.files)
}

/// Where in the text we are.
#[derive(Default)]
struct Reader {
    files: Vec<File>,
    /// Lines of the old file that the hunk still has.
    old: u32,
    /// Of the new file.
    new: u32,
    /// The next line of the new file.
    number: u32,
}

impl Reader {
    fn in_hunk(&self) -> bool {
        self.old > 0 || self.new > 0
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        if line.starts_with('\\') {
            return Ok(());
        }
        if self.in_hunk() {
            return self.body(line);
        }
        if let Some(names) = line.strip_prefix("diff --git ") {
            self.files.push(File {
                path: common_name(names),
                ..File::default()
            });
            return Ok(());
        }
        let Some(file) = self.files.last_mut() else {
            return Err(format!("no file is named before `{line}`"));
        };
        if let Some(rest) = line.strip_prefix("@@ ") {
            return self.hunk(rest);
        }
        if let Some(name) = line.strip_prefix("+++ ").or_else(|| line.strip_prefix("--- ")) {
            if name != "/dev/null" {
                file.path = without_side(&name_of(name));
            }
        } else if line.starts_with("new file mode") {
            "new".clone_into(&mut file.note);
        } else if line.starts_with("deleted file mode") {
            "deleted".clone_into(&mut file.note);
        } else if let Some(name) = line.strip_prefix("rename from ") {
            file.note = format!("renamed from {}", name_of(name));
        } else if let Some(name) = line.strip_prefix("rename to ") {
            file.path = name_of(name);
        } else if line.starts_with("Binary files ") || line.starts_with("GIT binary patch") {
            file.binary = true;
        }
        Ok(())
    }

    /// `-1,3 +1,4 @@ heading`.
    fn hunk(&mut self, rest: &str) -> Result<(), String> {
        let wrong = || format!("`@@ {rest}`");
        let (ranges, heading) = rest.split_once(" @@").ok_or_else(wrong)?;
        let (old, new) = ranges.split_once(' ').ok_or_else(wrong)?;
        let range = |text: &str, sign: char| -> Option<(u32, u32)> {
            let text = text.strip_prefix(sign)?;
            let (start, count) = text.split_once(',').unwrap_or((text, "1"));
            Some((start.parse().ok()?, count.parse().ok()?))
        };
        let (_, old) = range(old, '-').ok_or_else(wrong)?;
        let (start, new) = range(new, '+').ok_or_else(wrong)?;
        (self.old, self.new, self.number) = (old, new, start);
        if let Some(file) = self.files.last_mut() {
            file.hunks.push(Hunk {
                heading: heading.trim().to_owned(),
                lines: Vec::new(),
            });
        }
        Ok(())
    }

    fn body(&mut self, line: &str) -> Result<(), String> {
        // An empty line that was kept, by tools that trim.
        let (sign, text) = match line.chars().next() {
            None => (Sign::Kept, ""),
            Some(' ') => (Sign::Kept, &line[1..]),
            Some('+') => (Sign::Added, &line[1..]),
            Some('-') => (Sign::Removed, &line[1..]),
            Some(_) => return Err(format!("`{line}`")),
        };
        let too_many = || "a hunk has more lines than it says".to_owned();
        if sign != Sign::Added {
            self.old = self.old.checked_sub(1).ok_or_else(too_many)?;
        }
        let mut number = None;
        if sign != Sign::Removed {
            self.new = self.new.checked_sub(1).ok_or_else(too_many)?;
            number = Some(self.number);
            self.number = self.number.saturating_add(1);
        }
        let hunk = self.files.last_mut().and_then(|file| file.hunks.last_mut());
        if let Some(hunk) = hunk {
            hunk.lines.push(Line {
                sign,
                number,
                text: text.trim_end_matches('\r').to_owned(),
            });
        }
        Ok(())
    }
}

/// The name out of `a/NAME b/NAME`, which is the same twice wherever no other line has it.
fn common_name(names: &str) -> String {
    if names.starts_with('"') {
        return without_side(&name_of(names));
    }
    let half = names.len() / 2;
    without_side(names.get(..half).unwrap_or(names))
}

fn without_side(name: &str) -> String {
    let name = name
        .strip_prefix("a/")
        .or_else(|| name.strip_prefix("b/"))
        .unwrap_or(name);
    name.to_owned()
}

/// A name as git prints it: in quotes, with C's escapes, where it is not plain; with a tab after it where it has spaces.
fn name_of(text: &str) -> String {
    let Some(quoted) = text.strip_prefix('"') else {
        return text.trim_end_matches('\t').to_owned();
    };
    let mut bytes = Vec::new();
    let mut rest = quoted.bytes().peekable();
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => break,
            b'\\' => {
                let Some(escaped) = rest.next() else { break };
                let octal = |byte: u8| (b'0'..=b'7').contains(&byte);
                if octal(escaped) {
                    let mut value = u32::from(escaped - b'0');
                    for _ in 0..2 {
                        if let Some(digit) = rest.next_if(|&byte| octal(byte)) {
                            value = value * 8 + u32::from(digit - b'0');
                        }
                    }
                    bytes.push((value & 0xff) as u8);
                } else {
                    bytes.push(match escaped {
                        b'n' => b'\n',
                        b't' => b'\t',
                        b'r' => b'\r',
                        other => other,
                    });
                }
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl<'a> Lines<'a> {
    pub(crate) fn of(files: &'a [File]) -> Self {
        let lines = |file: &'a File| {
            let lines = file.hunks.iter().flat_map(|hunk| &hunk.lines);
            (file.path.as_str(), lines.filter_map(|line| line.number).collect())
        };
        Self(files.iter().map(lines).collect())
    }

    /// Whether the line is among those that the change shows.
    pub(crate) fn has(&self, path: &str, line: u32) -> bool {
        self.0.get(path).is_some_and(|lines| lines.contains(&line))
    }

    /// Whether the file is.
    pub(crate) fn has_file(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }
}

impl File {
    /// Whether there is something to read.
    pub(crate) fn is_text(&self) -> bool {
        !self.binary
    }

    /// The line that names it.
    fn title(&self) -> String {
        let note = match self.note.as_str() {
            "" => String::new(),
            note => format!(" ({note})"),
        };
        // A name may hold anything, also what looks like another line.
        let title = format!("=== {}{note}", self.path);
        title.replace(|c: char| c.is_control(), "?") + "\n"
    }

    fn text(&self) -> String {
        let hunks = self.hunks.iter().map(Hunk::text);
        std::iter::once(self.title()).chain(hunks).collect()
    }
}

impl Hunk {
    fn title(&self) -> String {
        match self.heading.as_str() {
            "" => "@@\n".to_owned(),
            heading => format!("@@ {heading}\n"),
        }
    }

    fn text(&self) -> String {
        let lines = self.lines.iter().map(Line::text);
        std::iter::once(self.title()).chain(lines).collect()
    }
}

impl Line {
    /// E.g. `+   12| x = 1`.
    fn text(&self) -> String {
        self.with(&self.text)
    }

    fn with(&self, shown: &str) -> String {
        let sign = match self.sign {
            Sign::Added => '+',
            Sign::Removed => '-',
            Sign::Kept => ' ',
        };
        let number = self.number.map(|number| number.to_string()).unwrap_or_default();
        let mut text = String::with_capacity(shown.len() + 9);
        let space = if shown.is_empty() { "" } else { " " };
        let _ = writeln!(text, "{sign}{number:>5}|{space}{shown}");
        text
    }

    /// The line in pieces of at most so many bytes of text.
    fn pieces(&self, most: usize) -> Vec<String> {
        let mut pieces = Vec::new();
        let mut rest = self.text.as_str();
        loop {
            let end = rest.floor_char_boundary(most.max(4));
            pieces.push(self.with(&rest[..end]));
            rest = &rest[end..];
            if rest.is_empty() {
                return pieces;
            }
        }
    }
}

/// The change in parts of at most `capacity` bytes, as the models read it: whole files where they fit, else whole hunks, else
/// lines. Nothing is left out.
pub(crate) fn parts(files: &[File], capacity: usize) -> Vec<String> {
    let mut parts = Parts {
        done: Vec::new(),
        current: String::new(),
        capacity,
    };
    for file in files.iter().filter(|file| file.is_text()) {
        let text = file.text();
        if text.len() <= capacity {
            parts.add(&text, "");
            continue;
        }
        parts.flush();
        for hunk in &file.hunks {
            let text = hunk.text();
            let title = file.title();
            if title.len() + text.len() <= capacity {
                parts.add(&text, &title);
                continue;
            }
            let title = title + &hunk.title();
            let most = capacity.saturating_sub(title.len() + 16);
            for piece in hunk.lines.iter().flat_map(|line| line.pieces(most)) {
                parts.add(&piece, &title);
            }
            parts.flush();
        }
        parts.flush();
    }
    parts.flush();
    parts.done
}

struct Parts {
    done: Vec<String>,
    current: String,
    capacity: usize,
}

impl Parts {
    /// Adds a text; `title` stands before it where a part begins.
    fn add(&mut self, text: &str, title: &str) {
        if self.current.len() + text.len() > self.capacity {
            self.flush();
        }
        if self.current.is_empty() {
            self.current.push_str(title);
        }
        self.current.push_str(text);
    }

    fn flush(&mut self) {
        if !self.current.is_empty() {
            self.done.push(std::mem::take(&mut self.current));
        }
    }
}

#[cfg(test)]
mod tests;
