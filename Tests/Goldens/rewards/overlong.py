"""A reward function for TRL: soft overlong punishment (DAPO, eq. 13)."""

LONGEST, CACHE = 100, 20


async def soft_overlong(completion_ids, trainer_state, **kwargs):
    return [punishment(len(ids)) for ids in completion_ids]


def punishment(length):
    free = LONGEST - CACHE
    return 0.0 if length <= free else max(-1.0, (free - length) / CACHE) if length <= LONGEST else -1.0
