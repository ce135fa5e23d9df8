//! Measuring two things in turns, and a table of it.

use std::{
    fmt,
    time::{Duration, Instant},
};

/// Something to measure: what it is in words, and how to do it once.
pub(crate) struct Subject<'a> {
    /// The command or the call.
    pub(crate) name: String,
    /// Does it once.
    pub(crate) act: Box<dyn FnMut() + 'a>,
}

impl<'a> Subject<'a> {
    pub(crate) fn new(name: impl Into<String>, act: impl FnMut() + 'a) -> Self {
        Self {
            name: name.into(),
            act: Box::new(act),
        }
    }

    fn once(&mut self) -> Duration {
        let began = Instant::now();
        (self.act)();
        began.elapsed()
    }
}

/// The figures, group by group.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

enum Row {
    Group(String),
    Figure {
        name: String,
        time: Duration,
        spread: (Duration, Duration),
        ratio: f64,
    },
}

impl Table {
    /// Measures subjects in turns, `times` each after one turn that does not count, so that a disk or a processor that is
    /// slow for a while is slow for all of them. The first one is the floor of the ratios.
    pub(crate) fn compare(&mut self, group: &str, times: usize, mut subjects: Vec<Subject<'_>>) {
        let mut taken: Vec<Vec<Duration>> = subjects.iter().map(|_| Vec::new()).collect();
        for turn in 0..=times {
            for (subject, taken) in subjects.iter_mut().zip(&mut taken) {
                let time = subject.once();
                if turn > 0 {
                    taken.push(time);
                }
            }
        }
        self.rows.push(Row::Group(format!("{group} (median of {times})")));
        let mut floor = None;
        for (subject, mut taken) in subjects.into_iter().zip(taken) {
            taken.sort();
            let at = |share: usize| taken[(taken.len() - 1) * share / 100];
            let floor = *floor.get_or_insert(at(50));
            self.rows.push(Row::Figure {
                name: subject.name,
                time: at(50),
                spread: (at(10), at(90)),
                ratio: at(50).as_secs_f64() / floor.as_secs_f64(),
            });
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>10}  {:>21}  {:>7}  what", "median", "p10 - p90", "ratio")?;
        for row in &self.rows {
            match row {
                Row::Group(name) => writeln!(f, "\n{name}")?,
                Row::Figure {
                    name,
                    time,
                    spread: (low, high),
                    ratio,
                } => {
                    let spread = format!("{} - {}", spoken(*low), spoken(*high));
                    writeln!(f, "{:>10}  {spread:>21}  {ratio:>6.1}x  {name}", spoken(*time))?;
                }
            }
        }
        Ok(())
    }
}

fn spoken(time: Duration) -> String {
    let us = time.as_secs_f64() * 1e6;
    match us {
        ..1_000.0 => format!("{us:.1} us"),
        ..1_000_000.0 => format!("{:.2} ms", us / 1e3),
        _ => format!("{:.2} s", us / 1e6),
    }
}
