//! Quantiles of histograms, as `histogram_quantile` of Prometheus has them (`promql/quantile.go`, `bucketQuantile`).

use std::collections::BTreeMap;

/// The quantile of the observations whose counts, by upper bound (`le`), are given; each count holds all that is below it.
/// None without observations, and without a bucket for all of them (`+Inf`).
///
/// Within a bucket observations are taken to be spread evenly. One in the last bucket is only known to be above the highest
/// finite bound, which is then the answer.
pub(crate) fn quantile(quantile: f64, buckets: &BTreeMap<String, f64>) -> Option<f64> {
    let mut buckets: Vec<(f64, f64)> = buckets
        .iter()
        .filter_map(|(bound, count)| Some((bound.parse().ok()?, *count)))
        .collect();
    buckets.retain(|(bound, _)| !bound.is_nan());
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    // `1` and `1.0` are one bound.
    buckets.dedup_by(|later, earlier| {
        let same = later.0 == earlier.0;
        if same {
            earlier.1 += later.1;
        }
        same
    });
    // Scraped while it was written, a higher bucket can be behind a lower one.
    for index in 1..buckets.len() {
        buckets[index].1 = buckets[index].1.max(buckets[index - 1].1);
    }
    let (last, all) = buckets
        .last()
        .copied()
        .filter(|(bound, _)| *bound == f64::INFINITY)
        .map(|(_, all)| (buckets.len() - 1, all))?;
    if last == 0 || all <= 0.0 {
        return None;
    }
    let rank = quantile * all;
    let index = buckets[..last].iter().position(|(_, count)| *count >= rank);
    let Some(index) = index else {
        return Some(buckets[last - 1].0);
    };
    let (upper, count) = buckets[index];
    if index == 0 && upper <= 0.0 {
        return Some(upper);
    }
    let (lower, below) = if index == 0 {
        (0.0, 0.0)
    } else {
        buckets[index - 1]
    };
    if count <= below {
        return Some(upper);
    }
    Some(lower + (upper - lower) * (rank - below) / (count - below))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(q: f64, buckets: &[(&str, f64)]) -> Option<f64> {
        quantile(
            q,
            &buckets
                .iter()
                .map(|(bound, count)| ((*bound).to_owned(), *count))
                .collect(),
        )
    }

    #[test]
    fn as_prometheus_has_it() {
        // `testhistogram` of Prometheus' own tests, promql/promqltest/testdata/histograms.test.
        let positive = [("0.1", 50.0), ("0.2", 70.0), ("1e0", 110.0), ("+Inf", 120.0)];
        for (q, value) in [(0.0, 0.0), (0.2, 0.048), (0.5, 0.15), (0.8, 0.72), (1.0, 1.0)] {
            let got = of(q, &positive).unwrap();
            assert!((got - value).abs() < 1e-12, "{q}: {got}");
        }
        let negative = [("-0.2", 10.0), ("-0.1", 20.0), ("0.3", 20.0), ("+Inf", 20.0)];
        assert_eq!(of(0.0, &negative), Some(-0.2));
        let close = |got: Option<f64>, value: f64| (got.unwrap() - value).abs() < 1e-12;
        assert!(close(of(0.5, &negative), -0.2));
        assert!(close(of(0.75, &negative), -0.15));
    }

    #[test]
    fn what_is_above_all_bounds_is_at_least_the_highest() {
        assert_eq!(
            of(0.99, &[("0.1", 1.0), ("0.5", 1.0), ("+Inf", 100.0)]),
            Some(0.5)
        );
    }

    #[test]
    fn no_observations_are_no_data() {
        assert_eq!(of(0.5, &[]), None);
        assert_eq!(of(0.5, &[("0.1", 0.0), ("+Inf", 0.0)]), None);
        assert_eq!(of(0.5, &[("0.1", 3.0), ("0.5", 4.0)]), None);
        assert_eq!(of(0.5, &[("+Inf", 4.0)]), None);
    }

    #[test]
    fn bounds_are_numbers_and_counts_never_fall() {
        assert_eq!(of(0.5, &[("10", 2.0), ("2.5", 2.0), ("+Inf", 4.0)]), Some(2.5));
        assert_eq!(
            of(1.0, &[("1", 2.0), ("1.0", 2.0), ("2", 3.0), ("+Inf", 4.0)]),
            Some(1.0)
        );
    }
}
