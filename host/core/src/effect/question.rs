//! What a plain yes and a plain no mean as answers to a question: `runner approve` and `runner reject`.

use super::Question;

impl Question {
    /// The choice that `runner approve` makes, if it has one.
    pub fn plain_yes(&self) -> Option<&str> {
        self.first_of(["approve", "yes"])
    }

    /// The choice that `runner reject` makes, if it has one.
    pub fn plain_no(&self) -> Option<&str> {
        self.first_of(["reject", "no"])
    }

    fn first_of(&self, words: [&'static str; 2]) -> Option<&str> {
        words
            .into_iter()
            .find(|word| self.choices.iter().any(|choice| choice == word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(choices: &[&str]) -> [Option<String>; 2] {
        let question = Question {
            id: "q".to_owned(),
            text: "so?".to_owned(),
            choices: choices.iter().map(|&choice| choice.to_owned()).collect(),
            may_answer: Vec::new(),
            subject: None,
            own: true,
            allowed_signers: None,
            timeout_ms: None,
        };
        [question.plain_yes(), question.plain_no()].map(|choice| choice.map(str::to_owned))
    }

    #[test]
    fn a_plain_answer_is_one_of_the_choices() {
        let some = |word: &str| Some(word.to_owned());
        assert_eq!(plain(&["yes", "no"]), [some("yes"), some("no")]);
        assert_eq!(plain(&["reject", "approve"]), [some("approve"), some("reject")]);
        assert_eq!(plain(&["no", "later"]), [None, some("no")]);
        assert_eq!(plain(&["continue", "rollback"]), [None, None]);
    }
}
