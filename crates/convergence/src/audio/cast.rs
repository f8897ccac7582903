//! Who speaks with which voice. Two people never get the same one.

use super::request::{Gender, Line};

/// The speakers of a conversation, in the order in which they first speak.
pub(super) struct Cast {
    speakers: Vec<(String, Gender)>,
    /// Set when a speaker did not get the voice asked for.
    pub(super) warning: Option<String>,
}

impl Cast {
    /// Each speaker gets the voice of their gender, unless another has it: then the second gets the other.
    pub(super) fn of(lines: &[Line]) -> Self {
        let mut cast = Self { speakers: Vec::new(), warning: None };
        for line in lines {
            if cast.speakers.iter().any(|(name, _)| *name == line.name) {
                continue;
            }
            let taken = cast.speakers.iter().any(|(_, voice)| *voice == line.gender);
            let voice = if taken { other(line.gender) } else { line.gender };
            if taken {
                let (asked, given) = (word(line.gender), word(voice));
                cast.warning = Some(format!(
                    "both speakers are {asked}; {} speaks with the {given} voice, so that the two can be told apart",
                    line.name
                ));
            }
            cast.speakers.push((line.name.clone(), voice));
        }
        cast
    }

    /// The number of a speaker, from 0, and the voice.
    pub(super) fn part(&self, name: &str) -> (usize, Gender) {
        let speaker = self.speakers.iter().position(|(known, _)| known == name);
        let speaker = speaker.expect("the cast was made of these lines");
        (speaker, self.speakers[speaker].1)
    }
}

fn other(gender: Gender) -> Gender {
    match gender {
        Gender::Female => Gender::Male,
        Gender::Male => Gender::Female,
    }
}

fn word(gender: Gender) -> &'static str {
    match gender {
        Gender::Female => "female",
        Gender::Male => "male",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, gender: Gender) -> Line {
        Line { name: name.into(), gender, role: None, message: "Hello.".into() }
    }

    #[test]
    fn each_speaks_with_their_own_voice() {
        let cast =
            Cast::of(&[line("Ben", Gender::Male), line("Ann", Gender::Female), line("Ben", Gender::Male)]);
        assert_eq!((cast.part("Ben"), cast.part("Ann")), ((0, Gender::Male), (1, Gender::Female)));
        assert_eq!(cast.warning, None);
    }

    #[test]
    fn two_of_one_gender_still_differ() {
        for gender in [Gender::Female, Gender::Male] {
            let cast = Cast::of(&[line("Ann", gender), line("Bea", gender)]);
            assert_eq!(cast.part("Ann").1, gender);
            assert_ne!(cast.part("Bea").1, gender);
            assert!(cast.warning.unwrap().contains("Bea speaks with the"));
        }
    }
}
