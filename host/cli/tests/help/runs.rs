//! Of commands that are about one run, or list them.

use super::own;

#[test]
fn of_what_is_about_a_run() {
    insta::assert_snapshot!(own(&["approve"]), @r"
    Approve what a run asks for

    Usage: runner approve [OPTIONS] [RUN]

    Arguments:
      [RUN]  The run; without it, the only one with an open question

    Options:
          --question <ID>  The question, where the run has several
          --choice <X>     The answer, where it is not a plain yes or no
          --note <TEXT>    Anything to add; kept with the answer
          --key <FILE>     SSH key to sign the answer with
      -h, --help           Print help

    ...

    Examples:
      runner approve                                 the only open question; shows what is approved
      runner approve $RUN --note 'after the demo'
      runner approve --key ~/.ssh/id_ed25519         signed, where the profile names allowed signers
      runner approve --question prod/watch/alert-3 --choice rollback
    ");
    insta::assert_snapshot!(own(&["reject"]), @r"
    Say no to what a run asks for

    Usage: runner reject [OPTIONS] [RUN]

    Arguments:
      [RUN]  The run; without it, the only one with an open question

    Options:
          --question <ID>  The question, where the run has several
          --choice <X>     The answer, where it is not a plain yes or no
          --note <TEXT>    Anything to add; kept with the answer
          --key <FILE>     SSH key to sign the answer with
      -h, --help           Print help

    ...

    Examples:
      runner reject --note 'not before Monday'
    ");
    insta::assert_snapshot!(own(&["resume"]), @r"
    Go on with a run that was broken off

    Usage: runner resume [OPTIONS] [RUN]

    Arguments:
      [RUN]  The run; without it, the newest that has not ended

    Options:
      -h, --help  Print help

    ...

    What is recorded is not done again; an effect that was under way is done again where that is safe,
    and else the plugin looks at the world and decides.

    Examples:
      runner resume                              the newest run that has not ended
      runner resume $RUN
    ");
    insta::assert_snapshot!(own(&["cancel"]), @r"
    Cancel a run; what it has deployed and not found good is rolled back

    Usage: runner cancel [OPTIONS] [RUN]

    Arguments:
      [RUN]  The run; without it, the newest that has not ended

    Options:
      -h, --help  Print help

    ...

    Examples:
      runner cancel                              the newest run that has not ended
      runner cancel $RUN
    ");
    insta::assert_snapshot!(own(&["history"]), @r"
    List runs

    Usage: runner history [OPTIONS]

    Options:
      -n, --limit <N>  At most so many, the newest [default: 20]
      -h, --help       Print help

    ...

    Examples:
      runner history
      runner history --limit 100 --output json
    ");
    insta::assert_snapshot!(own(&["show"]), @r"
    Show one run: its steps, what it wrote, who decided

    Usage: runner show [OPTIONS] [RUN]

    Arguments:
      [RUN]  The run; without it, the newest

    Options:
          --effects     Every effect of every step, reads too
          --events      The journal itself, a line of JSON for each event
          --log <STEP>  All that the programs of a step printed
      -h, --help        Print help

    ...

    Examples:
      runner show                                the newest run
      runner show 3f2a --effects                 by the end of its id; with every effect
      runner show 3f2a --log gate/build          all output of a step's programs
      runner show 3f2a --events                  the journal, a line of JSON each
    ");
}
