"""What the house knows without asking anybody: one file per subject, pure but for data that ships with the house.

Each subject takes the words of a question and gives an `Answer` with its source, `Unsure` where it knows the subject but not the
answer, or None where the question is not of its subject. A wrong answer is worse than none.
"""
