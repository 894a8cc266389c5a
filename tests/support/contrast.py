"""Contrast of two colours, as WCAG 2.2 defines it, and what CSS makes of a colour."""

import colorsys

from matplotlib.colors import to_hex, to_rgb


def luminance(colour):
    """Return the relative luminance of a colour: 0 for black, 1 for white."""

    def linear(channel):
        return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, to_rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """Return the contrast ratio of two colours, from 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def hue(colour):
    """Return the hue of a colour, from 0 to 360; None for a grey."""
    red, green, blue = to_rgb(colour)
    return (
        None if max(red, green, blue) - min(red, green, blue) < 0.02 else 360 * colorsys.rgb_to_hls(red, green, blue)[0]
    )


def inverted(colour, amount):
    """Return what CSS makes of a colour with `invert(amount) hue-rotate(180deg)`, as Filter Effects 1 defines it."""
    red, green, blue = (channel + amount * (1 - 2 * channel) for channel in to_rgb(colour))
    matrix = ((-0.574, 1.430, 0.144), (0.426, 0.430, 0.144), (0.426, 1.430, -0.856))  # of a half turn
    rotated = (one * red + two * green + three * blue for one, two, three in matrix)
    return to_hex([min(1.0, max(0.0, channel)) for channel in rotated])
