"""Answers to the exercises of page 10."""

RIGHT = {}
WRONG = {}


def looks_first(mail, seen, send):
    if mail["key"] in seen:
        return
    send(mail["to"])
    seen.add(mail["key"])


def puts_it_back(mail, seen, send):
    if mail["key"] not in seen:
        seen.add(mail["key"])
        try:
            send(mail["to"])
        except BaseException:
            seen.discard(mail["key"])
            raise


def notes_too_early(mail, seen, send):
    if mail["key"] not in seen:
        seen.add(mail["key"])
        send(mail["to"])


def by_address(mail, seen, send):
    if mail["to"] not in seen:
        send(mail["to"])
        seen.add(mail["to"])


def notes_and_never_looks(mail, seen, send):
    send(mail["to"])
    seen.add(mail["key"])


def looks_and_never_notes(mail, seen, send):
    if mail["key"] not in seen:
        send(mail["to"])


def hides_the_error(mail, seen, send):
    if mail["key"] not in seen:
        try:
            send(mail["to"])
            seen.add(mail["key"])
        except ConnectionError:
            pass


def by_a_set_of_its_own(mail, seen, send):
    seen = set()
    if mail["key"] not in seen:
        send(mail["to"])
        seen.add(mail["key"])


def sends_the_whole_mail(mail, seen, send):
    if mail["key"] not in seen:
        send(mail)
        seen.add(mail["key"])


RIGHT["send"] = [looks_first, puts_it_back]
WRONG["send"] = [
    (notes_too_early, "the second did not send the e-mail"),
    (by_address, "another e-mail to alice was not sent"),
    (notes_and_never_looks, "called three times for one e-mail, 3 were sent"),
    (looks_and_never_notes, "3 were sent"),
    (hides_the_error, "its error was swallowed"),
    (by_a_set_of_its_own, "3 were sent"),
    (sends_the_whole_mail, "send was called with {'to': 'alice'"),
]

RIGHT["lease"] = [12, 10.5]
WRONG["lease"] = [
    (9, "done twice though their worker was alive"),
    (30, "on average"),
    (0.5, "from 1 to 120"),
    ("12", "a number of seconds"),
    (10**6, "from 1 to 120"),
]
