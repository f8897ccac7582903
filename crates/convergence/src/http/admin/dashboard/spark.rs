//! Lines drawn as SVG paths.

use std::fmt::Write;

/// Bars that stand beside each other in a box of this width and height, the tallest as high as the box; nothing, where
/// all are empty.
pub(super) fn bars(values: &[u64], width: f64, height: f64) -> String {
    let mut path = String::new();
    let most = values.iter().copied().max().unwrap_or_default();
    if most == 0 {
        return path;
    }
    let step = width / of(values.len() as u64);
    let gap = (step * 0.2).min(2.0);
    for (place, value) in (0_u64..).zip(values).filter(|(_, value)| **value > 0) {
        let (x, tall) = (of(place) * step + gap / 2.0, (of(*value) / of(most) * height).max(1.0));
        let (y, wide) = (height - tall, step - gap);
        let _ = write!(path, "M{x:.1} {y:.1}h{wide:.1}v{tall:.1}h-{wide:.1}z");
    }
    path
}

#[expect(clippy::cast_precision_loss, reason = "a drawing")]
fn of(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tallest_bar_fills_the_box_and_none_is_lost() {
        assert_eq!(bars(&[], 100.0, 20.0), "");
        assert_eq!(bars(&[0, 0], 100.0, 20.0), "");
        let two = "M1.0 0.0h48.0v20.0h-48.0zM51.0 19.0h48.0v1.0h-48.0z";
        assert_eq!(bars(&[1_000, 1], 100.0, 20.0), two, "one in a thousand is still seen");
        assert_eq!(bars(&[0, u64::MAX], 100.0, 20.0), "M51.0 0.0h48.0v20.0h-48.0z");
    }
}
