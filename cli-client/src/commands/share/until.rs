//! When a share ends, as it is typed.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::driver;
use crate::failure::Failure;
use crate::messages::share as say;
use crate::session::Session;

/// A time in milliseconds since the Unix epoch: the end of a date here, a time, or a while from now.
///
/// # Errors
/// A usage error: it is none of these, or has passed.
pub fn parse(session: &Session, text: &str) -> Result<u64, Failure> {
    let (language, now) = (session.language, driver::now());
    let until =
        read(text, now, TimeZone::system()).ok_or_else(|| Failure::usage(say::no_time(language, text)))?;
    if until > now {
        Ok(until)
    } else {
        Err(Failure::usage(say::past(language, text)))
    }
}

fn read(text: &str, now: u64, zone: TimeZone) -> Option<u64> {
    const HOUR: u64 = 60 * 60 * 1000;
    let units = [('h', HOUR), ('d', 24 * HOUR), ('w', 7 * 24 * HOUR)];
    for (letter, unit) in units {
        let count = text
            .strip_suffix(letter)
            .and_then(|count| count.parse::<u64>().ok());
        if let Some(count) = count {
            return count.checked_mul(unit)?.checked_add(now);
        }
    }
    let at = match text.parse::<Timestamp>() {
        Ok(at) => at,
        // Through that day.
        Err(_) => {
            let day: Date = text.parse().ok()?;
            day.checked_add(1.day())
                .ok()?
                .to_zoned_datetime(zone)
                .ok()?
                .timestamp()
        }
    };
    u64::try_from(at.as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_holds_through_its_day() {
        let read = |text| read(text, 1000, TimeZone::UTC);
        assert_eq!(read("1970-01-02"), Some(2 * 86_400_000));
        assert_eq!(read("1970-01-02T00:00:00Z"), Some(86_400_000));
        assert_eq!(read("30d"), Some(30 * 86_400_000 + 1000));
        assert_eq!(read("2w"), Some(14 * 86_400_000 + 1000));
        assert_eq!(read("12h"), Some(12 * 3_600_000 + 1000));
        for nonsense in [
            "",
            "d",
            "-3d",
            "soon",
            "1970-13-01",
            "99999999999999999999d",
            "184467440737095516w",
        ] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
    }
}
