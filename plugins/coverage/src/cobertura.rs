//! Cobertura XML: counted again from the lines of its classes, of which a file may have several. The lines of methods
//! repeat those of their class.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::report::{Hits, Report};

/// Reads a Cobertura report.
pub(crate) fn parse(text: &str) -> Result<Report, String> {
    let mut reader = Reader::from_str(text);
    let mut hits = Hits::default();
    let mut open: Vec<String> = Vec::new();
    let mut class = None;
    let mut seen_root = false;
    loop {
        let event = reader
            .read_event()
            .map_err(|error| format!("it is not XML: {error}"))?;
        let (tag, is_empty) = match &event {
            Event::Start(tag) => (tag, false),
            Event::Empty(tag) => (tag, true),
            Event::End(_) => {
                open.pop();
                continue;
            }
            Event::Eof => break,
            _ => continue,
        };
        let name = tag.local_name().as_ref().to_owned();
        if !seen_root && name != "coverage" {
            return Err(format!("it is not Cobertura: it begins with `{name}`"));
        }
        seen_root = true;
        match name.as_str() {
            "class" => {
                let path = attribute(tag, "filename").ok_or("a class of it has no `filename`")?;
                hits.file(&path);
                class = Some(path);
            }
            "line" if !open.iter().any(|tag| tag == "methods") => line(tag, class.as_deref(), &mut hits)?,
            _ => {}
        }
        if !is_empty {
            open.push(name);
        }
    }
    match (seen_root, open.last()) {
        (false, _) => Err("it is empty".to_owned()),
        (true, Some(tag)) => Err(format!("it ends inside `{tag}`")),
        (true, None) => Ok(hits.report()),
    }
}

fn line(tag: &BytesStart<'_>, class: Option<&str>, hits: &mut Hits) -> Result<(), String> {
    let path = class.ok_or("a line of it is in no class")?;
    let number = attribute(tag, "number").ok_or_else(|| format!("a line of `{path}` has no number"))?;
    let count: u64 = attribute(tag, "hits")
        .and_then(|hits| hits.parse().ok())
        .ok_or_else(|| format!("line {number} of `{path}` has no hits"))?;
    hits.add(path, &number, 1, count > 0);
    Ok(())
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag.try_get_attribute(name).ok()??;
    Some(found.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Counts;

    const TWO_CLASSES: &str = r#"<?xml version="1.0" ?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage line-rate="0.5" branch-rate="0" lines-covered="2" lines-valid="3" version="7.10" timestamp="1">
  <sources><source>/w</source></sources>
  <packages><package name="app" line-rate="0.5"><classes>
    <class name="A" filename="src/a.cs" line-rate="0.5">
      <methods><method name="f"><lines><line number="3" hits="5"/></lines></method></methods>
      <lines><line number="3" hits="5"/><line number="4" hits="0" branch="true" condition-coverage="50% (1/2)"><conditions/></line></lines>
    </class>
    <class name="A.Inner" filename="src/a.cs"><methods/><lines><line number="4" hits="1"/><line number="9" hits="0"/></lines></class>
  </classes></package></packages>
</coverage>"#;

    #[test]
    fn what_coverage_py_7_writes() {
        let report = parse(include_str!("../fixtures/cobertura-coverage-py-7.xml")).unwrap();
        assert_eq!(report.total(), Counts { covered: 3, all: 4 });
    }

    #[test]
    fn classes_of_a_file_are_merged_and_methods_not_counted() {
        let report = parse(TWO_CLASSES).unwrap();
        assert_eq!(report.files["src/a.cs"], Counts { covered: 2, all: 3 });
        assert_eq!(report.files.len(), 1);
    }

    #[test]
    fn what_is_no_report_is_an_error() {
        assert_eq!(parse("").unwrap_err(), "it is empty");
        assert!(parse("<testsuites/>").is_err());
        assert!(parse(&TWO_CLASSES[..600]).is_err());
        let odd = r#"<coverage><class filename="a"><lines><line number="1"/></lines></class></coverage>"#;
        assert_eq!(parse(odd).unwrap_err(), "line 1 of `a` has no hits");
        assert_eq!(parse("<coverage/>").unwrap(), Report::default());
    }
}
