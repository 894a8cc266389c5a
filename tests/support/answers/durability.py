"""Answers to the exercises of page 10."""

from contextlib import suppress

RIGHT = {}
WRONG = {}


def looks_first(mail, sent, send):
    if mail["key"] in sent:
        return
    send(mail["to"])
    sent.add(mail["key"])


def puts_it_back(mail, sent, send):
    if mail["key"] not in sent:
        sent.add(mail["key"])
        try:
            send(mail["to"])
        except BaseException:
            sent.discard(mail["key"])
            raise


def notes_too_early(mail, sent, send):
    if mail["key"] not in sent:
        sent.add(mail["key"])
        send(mail["to"])


def by_address(mail, sent, send):
    if mail["to"] not in sent:
        send(mail["to"])
        sent.add(mail["to"])


def notes_and_never_looks(mail, sent, send):
    send(mail["to"])
    sent.add(mail["key"])


def looks_and_never_notes(mail, sent, send):
    if mail["key"] not in sent:
        send(mail["to"])


def hides_the_error(mail, sent, send):
    if mail["key"] not in sent:
        try:
            send(mail["to"])
            sent.add(mail["key"])
        except ConnectionError:
            pass


def by_a_set_of_its_own(mail, sent, send):
    sent = set()
    if mail["key"] not in sent:
        send(mail["to"])
        sent.add(mail["key"])


def sends_the_whole_mail(mail, sent, send):
    if mail["key"] not in sent:
        send(mail)
        sent.add(mail["key"])


def marks_the_mail(mail, sent, send):
    if "done" not in mail:
        send(mail["to"])
        mail["done"] = True


REMEMBERED = set()


def remembers_in_its_process(mail, sent, send):
    if mail["key"] not in REMEMBERED:
        send(mail["to"])
        REMEMBERED.add(mail["key"])


def takes_back_one_error_only(mail, sent, send):
    if mail["key"] in sent:
        return
    sent.add(mail["key"])
    try:
        send(mail["to"])
    except ConnectionError:
        sent.discard(mail["key"])
        raise


def clears_the_set(mail, sent, send):
    if mail["key"] not in sent:
        send(mail["to"])
        sent.clear()
        sent.add(mail["key"])


def takes_a_timeout_for_sent(mail, sent, send):
    if mail["key"] not in sent:
        with suppress(TimeoutError):
            send(mail["to"])
        sent.add(mail["key"])


def tries_again_itself(mail, sent, send):
    if mail["key"] not in sent:
        try:
            send(mail["to"])
        except Exception:
            send(mail["to"])
        sent.add(mail["key"])


def notes_whoever_is_stopped(mail, sent, send):
    if mail["key"] not in sent:
        try:
            send(mail["to"])
        except BaseException as error:
            if not isinstance(error, Exception):
                sent.add(mail["key"])
            raise
        sent.add(mail["key"])


def wraps_the_error(mail, sent, send):
    if mail["key"] not in sent:
        try:
            send(mail["to"])
        except Exception as error:
            raise RuntimeError("the mail server did not take it") from error
        sent.add(mail["key"])


def looks_first_and_says_why(mail, sent, send):
    if mail["key"] in sent:
        return
    try:
        send(mail["to"])
    except Exception as error:
        error.add_note(f"for {mail['to']}")
        raise
    else:
        sent.add(mail["key"])


RIGHT["send"] = [looks_first, looks_first_and_says_why]
WRONG["send"] = [
    (notes_too_early, "while send runs, 'welcome-alice' is in `sent` already"),
    (puts_it_back, "A worker may be killed while it sends"),
    (takes_a_timeout_for_sent, "send raised TimeoutError, and no exception came out"),
    (tries_again_itself, "was called again in the same attempt"),
    (notes_whoever_is_stopped, "failed with CancelledError, and the second did not send"),
    (wraps_the_error, "send raised ConnectionError, and another one, RuntimeError, came out"),
    (by_address, "another e-mail to alice was not sent"),
    (notes_and_never_looks, "called three times for one e-mail, 3 were sent"),
    (looks_and_never_notes, "3 were sent"),
    (hides_the_error, "send raised ConnectionError, and no exception came out"),
    (by_a_set_of_its_own, "3 were sent"),
    (sends_the_whole_mail, "send was called with {'to': 'alice'"),
    (marks_the_mail, "3 were sent"),
    (remembers_in_its_process, "the key of dave's e-mail was in `sent` from the start"),
    (takes_back_one_error_only, "while send runs"),
    (clears_the_set, "dave's e-mail was in `sent` from the start"),
]

RIGHT["lease"] = [lambda stall: 1.5 * stall, lambda stall: stall * 3 / 2 + 0.01, lambda stall: 1.64 * stall]
WRONG["lease"] = [
    (lambda stall: stall + 1, "hears nothing for 13.67 s"),
    (lambda stall: 15, "<lambda>(4) gives 15 s, and a dead worker's job has to wait"),
    (lambda stall: 2 * stall, "at most 16.5 s"),
    (lambda stall: stall * 4 / 3, "hears nothing for 14.44 s"),
    (lambda stall: 1.5 * stall + 1, "at most 6.6 s"),
    (lambda stall: round(1.5 * stall), "<lambda>(0.5) gives 1 s"),
    (lambda stall: f"{1.5 * stall} s", "a number of seconds"),
    (lambda stall: print(1.5 * stall), "is a return missing?"),
]
