//! Another try for what is worth one.

use crate::{Error, Host, Level};

/// The longest pause that a server can talk a plugin into.
const LONGEST_PAUSE_MS: u64 = 60_000;

/// Does `attempt` up to `tries` times, as long as it is [`Error::Transient`].
///
/// Pauses as long as the error asks for (at most a minute), else 1 s, 2 s, 4 s and so on. Only for what may be done twice:
/// reads, idempotent writes, and requests that a server refused with 429.
pub fn retry<T>(
    host: &impl Host,
    tries: u32,
    mut attempt: impl FnMut() -> Result<T, Error>,
) -> Result<T, Error> {
    let mut pause_ms = 1000;
    for rest in (0..tries.max(1)).rev() {
        match attempt() {
            Err(Error::Transient(again)) if rest > 0 => {
                let pause = again.after_ms.unwrap_or(pause_ms).min(LONGEST_PAUSE_MS);
                host.log(
                    Level::Info,
                    &format!("{}; trying again in {pause} ms", again.message),
                );
                host.sleep(pause);
                pause_ms = (pause_ms * 2).min(LONGEST_PAUSE_MS);
            }
            done => return done,
        }
    }
    unreachable!("the last try returns")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Request;
    use crate::testing::ScriptedHost;

    #[test]
    fn honours_the_pause_and_gives_up_at_last() {
        let host = ScriptedHost::new()
            .get("https://x/y")
            .answers(429, "")
            .answer_header("Retry-After", "7")
            .get("https://x/y")
            .answers(503, "")
            .get("https://x/y")
            .answers(429, "")
            .answer_header("retry-after", "86400");
        let got = retry(&host, 3, || {
            host.send(&Request::get("https://x/y"))?
                .require_success("asking x")
        });
        assert!(matches!(got, Err(Error::Transient(_))), "{got:?}");
        assert_eq!(host.pauses(), [7000, 2000]);
    }

    #[test]
    fn does_not_repeat_what_failed_for_good() {
        let host = ScriptedHost::new().get("https://x/y").answers(404, "gone");
        let got = retry(&host, 3, || {
            host.send(&Request::get("https://x/y"))?
                .require_success("asking x")
        });
        assert_eq!(got.unwrap_err().message(), "asking x: answered 404: gone");
        assert!(host.pauses().is_empty());
    }
}
