"""Mail: messages in files of their own, in mailboxes, and in Outlook's files."""
