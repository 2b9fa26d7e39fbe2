variable "cost_centre" {
  description = "Who pays; a tag on everything."
  type        = string
  default     = "bharatchef"
}
