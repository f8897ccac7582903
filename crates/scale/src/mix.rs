//! Who asks how often.

use crate::random::Random;

/// The clients of an API, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// So many, all alike.
    Even(usize),
    /// So many, of which the second asks half as often as the first, the third a third as often, and so on (Zipf's law).
    Skewed(usize),
    /// One alone.
    One,
}

impl Mix {
    /// How many clients there are.
    pub fn clients(self) -> usize {
        match self {
            Self::Even(clients) | Self::Skewed(clients) => clients,
            Self::One => 1,
        }
    }
}

/// Draws clients.
pub(crate) struct Draw {
    /// For each client, how much all up to it ask, in parts of the whole.
    upto: Vec<f64>,
}

impl Draw {
    pub(crate) fn of(mix: Mix) -> Self {
        let weight = |number: u32| match mix {
            Mix::Skewed(_) => 1.0 / f64::from(number + 1),
            Mix::Even(_) | Mix::One => 1.0,
        };
        let clients = u32::try_from(mix.clients()).unwrap_or(u32::MAX);
        let mut sum = 0.0;
        let mut upto: Vec<f64> = (0..clients)
            .map(|number| {
                sum += weight(number);
                sum
            })
            .collect();
        for part in &mut upto {
            *part /= sum;
        }
        Self { upto }
    }

    pub(crate) fn client(&self, random: &mut Random) -> usize {
        let drawn = random.unit();
        self.upto.partition_point(|upto| *upto <= drawn).min(self.upto.len() - 1)
    }
}
