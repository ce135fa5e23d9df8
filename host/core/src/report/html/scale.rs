//! Axes: from values to places, and where the ticks go.

/// A straight axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) from: (f64, f64),
    pub(super) to: (f64, f64),
}

impl Scale {
    /// The place of a value.
    pub(super) fn at(&self, value: f64) -> f64 {
        let (low, high) = self.from;
        let share = if high > low {
            (value - low) / (high - low)
        } else {
            0.5
        };
        self.to.0 + share * (self.to.1 - self.to.0)
    }
}

/// The least of 1, 2 and 5 times a power of ten with which at most `most` steps make up `span`.
pub(super) fn step(span: f64, most: f64) -> f64 {
    if !span.is_finite() || span <= 0.0 {
        return 1.0;
    }
    let raw = span / most;
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|factor| factor * power >= raw * (1.0 - 1e-9));
    step.unwrap_or(10.0) * power
}

/// The round values from `low` to `high`, about `most` of them.
pub(super) fn ticks(low: f64, high: f64, most: f64) -> Vec<f64> {
    let step = step(high - low, most);
    let (first, last) = ((low / step).ceil() as i64, (high / step + 1e-9).floor() as i64);
    (first..=last).take(20).map(|n| n as f64 * step).collect()
}

/// Round lengths of time, in seconds.
const SECONDS: [u64; 17] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400,
];

/// The least round length of time, in milliseconds, with which at most `most` steps make up `ms`.
pub(super) fn time_step(ms: u64, most: u64) -> u64 {
    let fits = |seconds: &&u64| *seconds * 1_000 * most >= ms;
    let round = SECONDS.iter().find(fits).map(|seconds| seconds * 1_000);
    round.unwrap_or_else(|| ms.div_ceil(most.max(1)).div_ceil(86_400_000) * 86_400_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(0.0, 0.07, 4.0), [0.0, 0.02, 0.04, 0.06]);
        assert_eq!(ticks(99.4, 100.0, 4.0).len(), 4);
        assert_eq!(ticks(0.0, 0.0, 4.0), [0.0]);
        assert_eq!(time_step(100_000, 5), 30_000);
        assert_eq!(time_step(900_000_000, 5), 259_200_000);
    }

    #[test]
    fn a_scale_turns_values_into_places() {
        let scale = Scale {
            from: (0.0, 10.0),
            to: (100.0, 0.0),
        };
        assert_eq!([0.0, 5.0, 10.0].map(|value| scale.at(value)), [100.0, 50.0, 0.0]);
        let point = Scale {
            from: (3.0, 3.0),
            to: (0.0, 10.0),
        };
        assert!((point.at(3.0) - 5.0).abs() < f64::EPSILON);
    }
}
