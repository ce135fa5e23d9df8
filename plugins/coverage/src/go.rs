//! Go's cover profile: `mode:`, then one block per line. Merged profiles (`-coverpkg`) tell of the same block more than
//! once.

use crate::report::{Hits, Report};

/// Reads a cover profile.
pub(crate) fn parse(text: &str) -> Result<Report, String> {
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim_end()));
    match lines.next() {
        Some((_, first)) if first.starts_with("mode:") => {}
        _ => return Err("it is no cover profile: it does not begin with `mode:`".to_owned()),
    }
    let mut hits = Hits::default();
    for (number, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with("mode:")) {
        let block = block(line).ok_or_else(|| format!("line {number} is no block: {line}"))?;
        hits.add(block.path, block.range, block.statements, block.count > 0);
    }
    Ok(hits.report())
}

struct Block<'a> {
    path: &'a str,
    range: &'a str,
    statements: u64,
    count: u64,
}

/// `example.com/shop/cart/cart.go:5.30,7.2 1 3`
fn block(line: &str) -> Option<Block<'_>> {
    let (rest, count) = line.rsplit_once(' ')?;
    let (place, statements) = rest.rsplit_once(' ')?;
    let (path, range) = place.rsplit_once(':')?;
    range
        .split_once(',')
        .filter(|(from, to)| from.contains('.') && to.contains('.'))?;
    Some(Block {
        path,
        range,
        statements: statements.parse().ok()?,
        count: count.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Counts;

    #[test]
    fn what_go_1_27_writes() {
        let report = parse(include_str!("../fixtures/go-1.27.out")).unwrap();
        assert_eq!(report.total(), Counts { covered: 2, all: 3 });
    }

    #[test]
    fn a_block_told_twice_counts_once() {
        let text = "mode: set
example.com/shop/cart/cart.go:3.20,5.2 2 1
example.com/shop/cart/cart.go:7.20,9.2 3 0
mode: set
example.com/shop/cart/cart.go:7.20,9.2 3 1
example.com/shop/main.go:3.13,5.2 1 0
";
        let report = parse(text).unwrap();
        assert_eq!(
            report.files["example.com/shop/cart/cart.go"],
            Counts { covered: 5, all: 5 }
        );
        assert_eq!(report.total(), Counts { covered: 5, all: 6 });
    }

    #[test]
    fn what_is_no_profile_is_an_error() {
        assert!(parse("").is_err());
        assert!(parse("ok  \tshop\t0.01s\tcoverage: 66.7% of statements\n").is_err());
        let cut = "mode: set\nexample.com/shop/cart/cart.go:3.20,5";
        assert_eq!(
            parse(cut).unwrap_err(),
            "line 2 is no block: example.com/shop/cart/cart.go:3.20,5"
        );
        assert_eq!(parse("mode: atomic\n").unwrap(), Report::default());
    }
}
