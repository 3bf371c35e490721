"""Many steady states: which of them can be fast?"""
