"""What people in allowed chats may ask of the farm; bot.py runs it."""
