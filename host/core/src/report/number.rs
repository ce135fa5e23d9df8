//! Numbers for people.

/// A reading, with four digits or so: `0.0214`, `118.3`, `99.97`, `12345`.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() || value == 0.0 {
        return if value == 0.0 {
            "0".to_owned()
        } else {
            value.to_string()
        };
    }
    let magnitude = value.abs().log10().floor() as i32;
    let decimals = usize::try_from(3 - magnitude).unwrap_or(0).min(9);
    rounded(value, decimals)
}

/// With so many decimals, less the zeros at the end.
pub(super) fn rounded(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A number with its unit, where it has one.
pub(super) fn with_unit(value: f64, unit: Option<&str>) -> String {
    match unit {
        Some(unit) if !unit.is_empty() => format!("{} {unit}", number(value)),
        _ => number(value),
    }
}

/// Bytes: `7.3 MB`, `912 bytes`.
pub(super) fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", count as f64 / 1e6),
        _ => format!("{:.1} GB", count as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let said = [0.0, 0.021_428_571, 118.31, 99.97, 12_345.6, -0.5, 1e-12, f64::NAN].map(number);
        assert_eq!(
            said,
            ["0", "0.02143", "118.3", "99.97", "12346", "-0.5", "0", "NaN"]
        );
        assert_eq!(with_unit(200.0, Some("ms")), "200 ms");
        assert_eq!(with_unit(3.0, Some("")), "3");
        assert_eq!(
            [999, 7_340_032, 48_200_000_000].map(bytes),
            ["999 bytes", "7.3 MB", "48.2 GB"]
        );
    }
}
