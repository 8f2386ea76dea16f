//! A chart read back by the ticks of its own axes.

use roxmltree::{Document, Node};

/// The width of a character of a label over the size of its font: that of a digit of a wide font.
const CHARACTER: f64 = 0.64;

/// A chart: what is drawn, in the units of the axes.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    /// Circles that are filled.
    pub(crate) dots: Vec<Shape>,
    /// Circles that are not.
    pub(crate) rings: Vec<Shape>,
    pub(crate) lines: Vec<Shape>,
    pub(crate) areas: Vec<Shape>,
    pub(crate) bars: Vec<Shape>,
}

/// Points in one colour, named as the style sheet names it.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) ink: String,
    pub(crate) points: Vec<[f64; 2]>,
}

/// An axis by its labels.
#[derive(Debug, Default)]
pub(crate) struct Axis {
    pub(crate) name: String,
    pub(crate) labels: Vec<String>,
    /// The value at 0 and the change for a unit of drawing.
    scale: Option<(f64, f64)>,
}

impl Axis {
    /// What a unit of drawing is worth; places are whole units.
    pub(crate) fn unit(&self) -> f64 {
        self.scale.expect("two ticks").1.abs()
    }

    fn of(name: String, labels: Vec<(String, f64)>) -> Self {
        assert!(labels.windows(2).all(|pair| pair[0].0 != pair[1].0), "ticks look alike: {labels:?}");
        let value = |text: &str| text.replace('−', "-").parse::<f64>().ok();
        let known: Vec<(f64, f64)> =
            labels.iter().filter_map(|(label, place)| Some((value(label)?, *place))).collect();
        let scale = match known[..] {
            [first, .., last] => {
                let unit = (last.0 - first.0) / (last.1 - first.1);
                Some((first.0 - unit * first.1, unit))
            }
            _ => None,
        };
        Self { name, labels: labels.into_iter().map(|(label, _)| label).collect(), scale }
    }

    /// Without two ticks places are units of drawing.
    fn value(&self, place: f64) -> f64 {
        self.scale.map_or(place, |(offset, unit)| offset + unit * place)
    }
}

/// All charts of a page, in order.
pub(crate) fn pictures(page: &str) -> Vec<Picture> {
    let plots = page.split("<div class=\"plot\">").skip(1);
    plots.map(|rest| read(&rest[..rest.find("</svg>").unwrap() + "</svg>".len()])).collect()
}

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    let value: f64 = node.attribute(name).unwrap().parse().unwrap();
    assert!(value.is_finite(), "{name} of {node:?}");
    value
}

fn read(svg: &str) -> Picture {
    let document = Document::parse(svg).unwrap();
    let root = document.root_element();
    let size = [number(root, "width"), number(root, "height")];
    let mut names = [String::new(), String::new()];
    let mut labels = [Vec::new(), Vec::new()];
    for node in root.children().filter(|node| node.has_tag_name("text")) {
        let text = node.text().unwrap_or_default().trim().to_owned();
        let at = [number(node, "x"), number(node, "y")];
        let half = 0.5 * CHARACTER * number(node, "font-size") * text.chars().count() as f64;
        let anchor = node.attribute("text-anchor").unwrap();
        if node.attribute("transform").is_some() {
            names[1] = text;
        } else if anchor == "end" {
            assert!(at[0] - 2.0 * half > 0.0, "clipped on the left: {text}");
            if !names[1].is_empty() {
                assert!(at[0] - 2.0 * half > number(node, "font-size"), "over the axis's name: {text}");
            }
            labels[1].push((text, at[1]));
        } else if node.attribute("dy") == Some("-0.5ex") {
            names[0] = text;
        } else if !text.is_empty() {
            assert!(at[0] - half > 0.0 && at[0] + half <= size[0] + 1.0, "clipped: {text} of {svg}");
            if let Some((before, place)) = labels[0].last() {
                let gap = 0.5 * CHARACTER * number(node, "font-size") * str::chars(before).count() as f64;
                assert!(at[0] - half > place + gap, "{text} lies over {before}");
            }
            labels[0].push((text, at[0]));
        }
    }
    let [x, y] = labels;
    let [x_name, y_name] = names;
    let mut picture = Picture { x: Axis::of(x_name, x), y: Axis::of(y_name, y), ..Picture::default() };
    for node in root.children().filter(Node::is_element) {
        let of = |attribute: &str| node.attribute(attribute).unwrap_or_default();
        let shape = |points: &[[f64; 2]]| {
            let ink = [of("fill"), of("stroke")].into_iter().find(|ink| !["", "none"].contains(ink)).unwrap();
            let ink = ink.strip_prefix("var(--").map_or(ink, |name| name.strip_suffix(')').unwrap());
            for (at, size) in points.iter().flat_map(|at| at.iter().zip(size)) {
                assert!((0.0..=size).contains(at), "{node:?} lies outside");
            }
            let points = points.iter().map(|&[x, y]| [picture.x.value(x), picture.y.value(y)]);
            Shape { ink: ink.into(), points: points.collect() }
        };
        match node.tag_name().name() {
            "circle" => {
                let shape = shape(&[[number(node, "cx"), number(node, "cy")]]);
                if of("fill") == "none" { picture.rings.push(shape) } else { picture.dots.push(shape) }
            }
            "rect" => {
                let [x, y] = [number(node, "x"), number(node, "y")];
                let corners = [[x, y], [x + number(node, "width"), y + number(node, "height")]];
                picture.bars.push(shape(&corners));
            }
            "polyline" | "polygon" => {
                let points: Vec<[f64; 2]> = of("points").split_whitespace().map(point).collect();
                let shape = shape(&points);
                if of("fill") == "none" { picture.lines.push(shape) } else { picture.areas.push(shape) }
            }
            _ => {}
        }
    }
    picture
}

fn point(text: &str) -> [f64; 2] {
    let (x, y) = text.split_once(',').unwrap();
    [x, y].map(|place| place.parse::<i32>().unwrap().into())
}

impl Picture {
    /// Whether shapes have these points, in order, as far as whole units of drawing can tell.
    pub(crate) fn near(&self, found: &[[f64; 2]], truth: &[[f64; 2]]) -> bool {
        let close = |a: &[f64; 2], b: &[f64; 2]| {
            (a[0] - b[0]).abs() < 2.5 * self.x.unit() && (a[1] - b[1]).abs() < 2.5 * self.y.unit()
        };
        found.len() == truth.len() && found.iter().zip(truth).all(|(a, b)| close(a, b))
    }

    /// Panics where shapes have other points than these.
    #[track_caller]
    pub(crate) fn assert_near(&self, found: &[[f64; 2]], truth: &[[f64; 2]]) {
        assert!(self.near(found, truth), "drawn: {found:?}\nmeant: {truth:?}");
    }
}

/// All points of the shapes of one ink.
pub(crate) fn of_ink(shapes: &[Shape], ink: &str) -> Vec<[f64; 2]> {
    shapes.iter().filter(|shape| shape.ink == ink).flat_map(|shape| shape.points.clone()).collect()
}

/// The shapes of one ink.
pub(crate) fn each_of_ink(shapes: &[Shape], ink: &str) -> Vec<Vec<[f64; 2]>> {
    shapes.iter().filter(|shape| shape.ink == ink).map(|shape| shape.points.clone()).collect()
}
