//! Instants as text: ISO 8601.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

/// A date, or a date with a time of day, as microseconds since 1970-01-01 00:00; where no offset is named it is UTC.
pub(crate) fn parse(text: &str) -> Option<i64> {
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(date.and_time(NaiveTime::MIN).and_utc().timestamp_micros());
    }
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant.timestamp_micros());
    }
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .map(|instant| instant.and_utc().timestamp_micros())
}

/// The text that [`parse`] reads as the same instant: a date where it is midnight UTC.
pub(crate) fn format(micros: i64) -> String {
    let Some(instant) = DateTime::from_timestamp_micros(micros) else { return micros.to_string() };
    let instant = instant.naive_utc();
    let form = if instant.time() == NaiveTime::MIN { "%Y-%m-%d" } else { "%Y-%m-%dT%H:%M:%S%.f" };
    instant.format(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    // By `date -u -d … +%s`.
    #[test]
    fn instants_are_those_of_the_calendar() {
        const SECOND: i64 = 1_000_000;
        for (text, micros) in [
            ("1970-01-01", 0),
            ("2026-11-30", 1_795_996_800 * SECOND),
            ("1900-03-01", -2_203_891_200 * SECOND),
            ("2024-02-29T12:30:15.250", 1_709_209_815 * SECOND + 250_000),
        ] {
            assert_eq!(parse(text), Some(micros), "{text}");
            assert_eq!(format(micros), text);
        }
        assert_eq!(parse("2024-02-29 12:30"), parse("2024-02-29T14:30:00+02:00"));
        for text in ["", "2023-02-29", "29.2.2024", "2024", "12:30", "1.5"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(format(i64::MAX), i64::MAX.to_string());
    }
}
