"""Room 6: did it help?"""
